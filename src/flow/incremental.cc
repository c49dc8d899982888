#include "flow/incremental.h"

#include <algorithm>
#include <functional>
#include <limits>
#include <utility>

#include "base/text.h"
#include "base/time.h"
#include "json/value.h"

namespace sluice {

bool Since::had(HighWater::Mark mark) const {
  const auto& near = before.near();
  return std::binary_search(near.begin(), near.end(), mark, std::greater<>());
}

Since since(const Incremental& job, HighWater before) {
  Since made{.job = job, .from = job.from, .before = std::move(before)};
  if (const auto greatest = made.before.greatest()) {
    // Not below the least number there is.
    const uint64_t room = static_cast<uint64_t>(*greatest) -
                          static_cast<uint64_t>(std::numeric_limits<int64_t>::min());
    const uint64_t back = std::min(job.lookback, room);
    made.from = static_cast<int64_t>(static_cast<uint64_t>(*greatest) - back);
  }
  return made;
}

std::optional<int64_t> cursor_value(std::string_view raw, CursorKind kind) {
  std::string text;
  if (!json::append_text(raw, text)) return std::nullopt;
  return parse_cursor(text, kind);
}

std::optional<int64_t> parse_cursor(std::string_view text, CursorKind kind) {
  if (kind == CursorKind::integer) return parse_number<int64_t>(text);
  if (const auto date = parse_date(text)) return to_wall(*date).ns;
  const auto time = parse_time(text);
  return time ? std::optional(time->ns) : std::nullopt;
}

std::string print_cursor(int64_t value, CursorKind kind) {
  return kind == CursorKind::integer ? std::to_string(value) : format_rfc3339({value});
}

}  // namespace sluice
