// Small things done to text that several rooms need: numbers in and out, splitting, hiding secrets.
#pragma once

#include <charconv>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace sluice {

// The whole text as a decimal number; nothing if it is anything else or too large.
template <class Number>
std::optional<Number> parse_number(std::string_view text) {
  Number number{};
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return number;
}

// Appends `number` with at least `digits` digits: 7 as "00007".
void append_padded(uint64_t number, size_t digits, std::string& out);

// ASCII letters only.
bool equal_without_case(std::string_view a, std::string_view b);
std::string lower_case(std::string_view text);
std::string_view trim(std::string_view text);  // Blanks, tabs and line breaks at both ends
std::vector<std::string_view> split(std::string_view text, char separator);
// Whether one of a few bytes is in it. A pass of memchr for each of them; find_first_of makes a
// call for each byte of the text.
inline bool has_byte_of(std::string_view text, std::string_view few) {
  for (const char one : few) {
    if (text.find(one) != std::string_view::npos) return true;
  }
  return false;
}
std::string join(const std::vector<std::string>& texts, std::string_view separator);
// At most `bytes_max` bytes of the text, cut between UTF-8 characters, "..." behind them if it was
// cut, control characters as '?': for messages that quote input.
std::string excerpt(std::string_view text, size_t bytes_max = 60);

}  // namespace sluice
