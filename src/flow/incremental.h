// Sources that are asked only for what is new: by a field of the records that grows (when they were
// changed, or their number), each pass begins where the last committed one got to.
#pragma once

#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "base/result.h"
#include "json/path.h"
#include "record/high_water.h"

namespace sluice {

enum class CursorKind : uint8_t {
  time,     // RFC 3339, or a date; in nanoseconds
  integer,  // A number, or a string of digits
};

// What the job says.
struct Incremental {
  json::Path field;
  CursorKind kind = CursorKind::time;
  int64_t from = 0;       // Of the first pass
  uint64_t lookback = 0;  // Each pass begins so much below the greatest value there was
  // Times: what lies further than this beyond now doesn't say how far a pass has come.
  uint64_t tolerance = 24 * 3'600'000'000'000;
  bool operator==(const Incremental&) const = default;
};

// So many records may lie within the lookback: their hashes are kept in the unit's record.
inline constexpr size_t near_records_max = 10'000;

// What earlier passes have come to.
struct PassesBefore {
  HighWater water = {};  // Settled
  // All that came of this value or a greater one is known again. What is below can't be told from
  // what came: it isn't asked for, even if `lookback` reaches there by now.
  std::optional<int64_t> covered = {};
};

// Where a pass begins. Constant while it goes on; shared by all workers.
struct Since {
  Incremental job;
  int64_t from = 0;  // Records below it are not new
  PassesBefore before = {};
  int64_t latest = std::numeric_limits<int64_t>::max();  // Values above it lie beyond
  bool had(HighWater::Mark mark) const { return before.water.had(mark); }
  // All from here on is known again once the pass is over, which has come to this.
  int64_t covered_by(const HighWater& water) const;
};
// `now`: as far as it says anything of the field's values.
Since since(const Incremental& job, PassesBefore before, WallTime now);
// So much below it, or the least value there is.
int64_t below(int64_t value, uint64_t distance);

// What may be missed by the job's words; empty if nothing.
std::string doubt_of(const Incremental& job);

// The field's value in a record; `raw` is its JSON. Nothing if it is of another kind.
std::optional<int64_t> cursor_value(std::string_view raw, CursorKind kind);
std::optional<int64_t> parse_cursor(std::string_view text, CursorKind kind);
// As an API is asked: "2024-02-08T10:00:00Z", "4711".
std::string print_cursor(int64_t value, CursorKind kind);

}  // namespace sluice
