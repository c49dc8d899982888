#include "transform/exact_numbers.h"

#include <array>
#include <charconv>
#include <optional>

#include "base/text.h"
#include "json/items.h"

namespace sluice {
namespace {

// Integers of so many digits come through a double as they are.
constexpr size_t safe_digits_max = 15;

bool is_number_byte(char c) {
  return (c >= '0' && c <= '9') || c == '-' || c == '+' || c == '.' || c == 'e' || c == 'E';
}

// Calls `visit` with the place of each number.
template <class Visit>
void for_each_number(std::string_view text, Visit visit) {
  for (size_t at = 0; at < text.size();) {
    const char c = text[at];
    if (c == '"') {
      at = json::value_end(text, at);
    } else if (c == '-' || (c >= '0' && c <= '9')) {
      const size_t begin = at;
      while (at < text.size() && is_number_byte(text[at])) ++at;
      if (!visit(begin, at)) return;
    } else {
      at += c == 't' || c == 'n' ? 4 : c == 'f' ? 5 : 1;  // false has an e
    }
  }
}

bool is_plain(std::string_view number) {
  return number.size() <= safe_digits_max && number.find_first_of(".eE") == number.npos &&
         (number[0] != '-' || number[1] != '0');
}

// The same text for the same value: -1.10e3 is "-11e2". Nothing if the exponent is beyond reason.
std::optional<std::string> value_of(std::string_view number) {
  std::string out;
  if (number[0] == '-') {
    out = "-";
    number.remove_prefix(1);
  }
  const size_t e = std::min(number.find_first_of("eE"), number.size());
  int64_t exponent = 0;
  if (e < number.size()) {
    std::string_view written = number.substr(e + 1);
    if (written.starts_with('+')) written.remove_prefix(1);
    const auto parsed = parse_number<int32_t>(written);
    if (!parsed) return std::nullopt;
    exponent = *parsed;
  }
  std::string digits;
  bool behind_point = false;
  for (const char c : number.substr(0, e)) {
    if (c == '.') {
      behind_point = true;
      continue;
    }
    if (behind_point) --exponent;
    if (c != '0' || !digits.empty()) digits += c;
  }
  if (digits.empty()) return out + "0";
  while (digits.back() == '0') {
    digits.pop_back();
    ++exponent;
  }
  return out + digits + "e" + std::to_string(exponent);
}

// The value of what a double makes of the number; nothing if it overflows.
std::optional<std::string> value_through_double(std::string_view number) {
  double value = 0;
  const auto [end, error] = std::from_chars(number.data(), number.data() + number.size(), value);
  if (error != std::errc()) return std::nullopt;
  std::array<char, 40> text;
  const auto written =
      std::to_chars(text.data(), text.data() + text.size(), value, std::chars_format::scientific);
  return value_of({text.data(), static_cast<size_t>(written.ptr - text.data())});
}

}  // namespace

Status ExactNumbers::take(std::string_view record) {
  texts_.clear();
  std::string_view inexact;
  for_each_number(record, [&](size_t begin, size_t end) {
    const std::string_view number = record.substr(begin, end - begin);
    if (is_plain(number)) return true;
    auto value = value_of(number);
    if (!value || value != value_through_double(number)) {
      inexact = number;
      return false;
    }
    texts_.try_emplace(std::move(*value), number);
    return true;
  });
  if (!inexact.empty()) {
    return Error{ErrorKind::corrupt, "the number " + excerpt(inexact) +
                                         " would be rounded (`cast` it to a string before)"};
  }
  if (texts_.empty()) return {};
  for_each_number(record, [&](size_t begin, size_t end) {
    const std::string_view number = record.substr(begin, end - begin);
    const auto found = texts_.find(*value_of(number));
    if (found != texts_.end() && found->second != number) found->second = {};
    return true;
  });
  return {};
}

void ExactNumbers::restore(std::string_view text, std::string& out) const {
  size_t done = 0;
  if (!texts_.empty()) {
    for_each_number(text, [&](size_t begin, size_t end) {
      const auto value = value_of(text.substr(begin, end - begin));
      const auto found = value ? texts_.find(*value) : texts_.end();
      if (found == texts_.end() || found->second.empty()) return true;
      out += text.substr(done, begin - done);
      out += found->second;
      done = end;
      return true;
    });
  }
  out += text.substr(done);
}

}  // namespace sluice
