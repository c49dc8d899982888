// The units of a job: the smallest pieces that are planned, retried, resumed and committed alone.
// From the job's `units:` and the command line's --from, --to and --units to a list of UnitNames.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "base/time.h"
#include "flow/output_names.h"  // unit_token
#include "flow/settings.h"
#include "flow/stage.h"

namespace sluice {

enum class Each : uint8_t { once, day, hour, list };
std::string_view to_string(Each each);

// A span of days or hours is given by two words, both included: "yesterday", "today", "2024-02-08",
// and for hours "last_hour", "this_hour", "2024-02-08T05". Days and hours are the job's zone's: a
// day has 23 to 25 hours, an hour that clocks show twice is one unit, one that they leave out is
// none.
struct UnitsSpec {
  Each each = Each::once;
  std::string from = {}, to = {};  // Of `default`; empty: the command line must say
  Nanoseconds late = 0;            // Units that ended less than so long ago are looked at again
  std::vector<std::string> values = {};  // Of a list
  bool operator==(const UnitsSpec&) const = default;
};

inline constexpr size_t units_max = 1'000'000;

// Checks the words of `units:`.
UnitsSpec read_units(const Settings& settings, const TimeZone& zone,
                     std::vector<Mistake>& mistakes);

// What tells such units apart, as bits of TimePart; 0 if they are not of time.
uint8_t unit_time_parts(Each each);

// What the command line says.
struct UnitsAsked {
  // Both included, in the words of UnitsSpec. Without `to` it goes to the default's end, and
  // without a default `from` stands alone.
  std::string from = {}, to = {};
  std::vector<std::string> ids = {};  // --units
};
// In order, each once. `invalid`: an id that isn't one of this job, nothing to do. The run's own
// fields (run_started, run_id) are left empty.
Result<std::vector<UnitNames>> plan_units(const UnitsSpec& spec, const TimeZone& zone,
                                          const UnitsAsked& asked, WallTime now);
// The unit with this id.
Result<UnitNames> unit_named(const UnitsSpec& spec, const TimeZone& zone, std::string_view id);
// Earlier units that a unit of days or hours should be like: the one before, and the same day a
// week, or the same hour a day, earlier. None for others.
std::vector<std::string> units_like(Each each, std::string_view id);
// Is this unit so young that its inputs may still change? Those without a time never are.
bool may_still_change(const UnitNames& unit, Nanoseconds late, WallTime now);
// Is its time over? Those without a time always are.
bool is_over(const UnitNames& unit, WallTime now);

}  // namespace sluice
