#include "flow/incremental.h"

#include <algorithm>
#include <limits>
#include <utility>

#include "base/text.h"
#include "base/time.h"
#include "json/value.h"

namespace sluice {

int64_t below(int64_t value, uint64_t distance) {
  constexpr int64_t least = std::numeric_limits<int64_t>::min();
  const uint64_t room = static_cast<uint64_t>(value) - static_cast<uint64_t>(least);
  return static_cast<int64_t>(static_cast<uint64_t>(value) - std::min(distance, room));
}

Since since(const Incremental& job, PassesBefore before, WallTime now) {
  Since made{.job = job, .from = job.from, .before = std::move(before)};
  if (const auto greatest = made.before.water.greatest()) {
    made.from = below(*greatest, job.lookback);
    if (made.before.covered) made.from = std::max(made.from, *made.before.covered);
  }
  if (job.kind == CursorKind::time) {
    const uint64_t room =
        static_cast<uint64_t>(made.latest) - static_cast<uint64_t>(std::max<int64_t>(now.ns, 0));
    made.latest = now.ns + static_cast<int64_t>(std::min(job.tolerance, room));
  }
  return made;
}

int64_t Since::covered_by(const HighWater& water) const {
  const int64_t kept = below(water.greatest().value_or(from), job.lookback);
  return std::max(kept, before.covered.value_or(from));
}

std::string doubt_of(const Incremental& job) {
  if (job.lookback > 0) return "";
  return "source: incremental: lookback is 0: an API that gives only what is greater than {since} "
         "never shows a record that appears late with the " +
         json::to_string(job.field) +
         " of the last one seen; say lookback: " + (job.kind == CursorKind::time ? "5m" : "1") +
         " or more, unless that can't happen";
}

std::optional<int64_t> cursor_value(std::string_view raw, CursorKind kind) {
  std::string text;
  if (!json::append_text(raw, text)) return std::nullopt;
  return parse_cursor(text, kind);
}

std::optional<int64_t> parse_cursor(std::string_view text, CursorKind kind) {
  if (kind == CursorKind::integer) return parse_number<int64_t>(text);
  if (const auto date = parse_date(text)) return to_wall(*date).ns;
  // Beyond what can be counted (9999-12-31, "for ever") it is as far as that goes.
  const auto time = parse_zoned_time(text);
  return time ? std::optional(to_wall(time->seconds(), time->civil.nanosecond).ns) : std::nullopt;
}

std::string print_cursor(int64_t value, CursorKind kind) {
  return kind == CursorKind::integer ? std::to_string(value) : format_rfc3339({value});
}

}  // namespace sluice
