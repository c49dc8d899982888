// For what is said once of a part that is printed and of one that is read.
#pragma once

#include <concepts>
#include <type_traits>

namespace sluice {

// A Part, const or not.
template <class Type, class Part>
concept Either = std::same_as<std::remove_const_t<Type>, Part>;

}  // namespace sluice
