#include "http/date.h"

#include <algorithm>
#include <array>

#include "base/text.h"
#include "base/time.h"

namespace sluice {

std::optional<WallTime> parse_http_date(std::string_view text) {
  constexpr std::array<std::string_view, 12> months = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                                       "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
  // "Sun, 06 Nov 1994 08:49:37 GMT"
  if (text.size() != 29 || text.substr(3, 2) != ", " || text.substr(25) != " GMT") return {};
  const auto month = std::find(months.begin(), months.end(), text.substr(8, 3));
  const auto day = parse_number<uint32_t>(text.substr(5, 2));
  const auto year = parse_number<int32_t>(text.substr(12, 4));
  const auto hour = parse_number<uint32_t>(text.substr(17, 2));
  const auto minute = parse_number<uint32_t>(text.substr(20, 2));
  const auto second = parse_number<uint32_t>(text.substr(23, 2));
  if (month == months.end() || !day || !year || !hour || !minute || !second) return {};
  if (*day < 1 || *day > 31 || *hour > 23 || *minute > 59 || *second > 60) return {};
  const int64_t days =
      days_from_civil(*year, static_cast<uint32_t>(month - months.begin()) + 1, *day);
  return to_wall(days * 86400 + *hour * 3600 + *minute * 60 + *second, 0);
}

}  // namespace sluice
