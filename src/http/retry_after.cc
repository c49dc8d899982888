#include "http/retry_after.h"

#include "base/text.h"
#include "http/date.h"

namespace sluice {

std::optional<Nanoseconds> retry_after(const Headers& headers, WallTime wall) {
  const std::string_view text = trim(header(headers, "Retry-After"));
  if (const auto seconds = parse_number<uint32_t>(text)) return int64_t{*seconds} * 1_s;
  const auto date = parse_http_date(text);
  if (!date) return std::nullopt;
  // A clock before 1970 is none, and may be further off than nanoseconds can say.
  const auto there = parse_http_date(trim(header(headers, "Date")));
  if (there && there->ns >= 0) wall = *there;
  // Compared first: the year 0001 is further away than nanoseconds can say.
  return date->ns > wall.ns ? date->ns - wall.ns : 0;
}

}  // namespace sluice
