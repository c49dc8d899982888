// The nearest right word, for messages: "unknown word `partitoin`; did you mean `partition`?"
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace sluice {

// How many letters must be put in, taken out, changed or swapped with their neighbour.
size_t edit_distance(std::string_view a, std::string_view b);
// The word nearest to `word`, if one is near enough to be meant: at most a third of its letters
// off.
std::optional<std::string_view> nearest(std::string_view word,
                                        std::span<const std::string_view> words);
// "; did you mean `partition`?", or "; one of a, b, c" where none is near and there are few, or "".
std::string suggestion(std::string_view word, std::span<const std::string_view> words);

}  // namespace sluice
