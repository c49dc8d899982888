// What a source's program finds its unit's id in, in its environment. Words of a job that name it
// ask for what belongs to the unit, as those with {unit} do.
#pragma once

#include <string_view>

namespace sluice {

inline constexpr std::string_view unit_variable = "SLUICE_UNIT";

}  // namespace sluice
