// Times, durations and sizes as people and logs write them: RFC 3339, a subset of strftime, time
// zones, "1.2 s", "2d", "128MiB".
//
// Nothing here asks what time it is (base/clock.h does). All of it is pure and safe from any
// thread; only TimeZone::find reads files. Years are 0000 to 9999, the calendar is the proleptic
// Gregorian.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/result.h"

namespace sluice {

// ---- calendar ----------------------------------------------------------------------------------

// A date and a time of day, of no zone in particular.
struct CivilTime {
  int32_t year = 1970;
  uint8_t month = 1, day = 1;  // From 1
  uint8_t hour = 0, minute = 0, second = 0;
  uint32_t nanosecond = 0;
  auto operator<=>(const CivilTime&) const = default;
};

// Days since 1970-01-01.
int64_t days_from_civil(int32_t year, uint32_t month, uint32_t day);
// Seconds since 1970-01-01T00:00:00, as if it were UTC.
int64_t seconds_from_civil(const CivilTime& time);
CivilTime civil_from_seconds(int64_t seconds, uint32_t nanosecond = 0);
CivilTime to_civil(WallTime at, int32_t offset_seconds = 0);
// Cut to what 64 bits of nanoseconds hold: 1677-09-21 to 2262-04-11.
WallTime to_wall(int64_t seconds, uint32_t nanosecond);
WallTime to_wall(const CivilTime& utc);

// ---- RFC 3339 ----------------------------------------------------------------------------------

// A time as it is written, and how far that clock is ahead of UTC.
struct ZonedTime {
  CivilTime civil;
  int32_t offset_seconds = 0;
  int64_t seconds() const { return seconds_from_civil(civil) - offset_seconds; }
};

// "2024-02-08T10:00:00Z", "...T10:00:00.123+01:00": 't', 'z' and a blank for 'T' are understood, no
// offset is UTC, a fraction is cut to nanoseconds, second 60 counts as 59. Nothing if the text is
// anything else.
std::optional<ZonedTime> parse_zoned_time(std::string_view text);
// The same as a point in time; nothing outside of 1677 to 2262 either.
std::optional<WallTime> parse_time(std::string_view text);
// "2024-02-08": a date alone.
std::optional<CivilTime> parse_date(std::string_view text);

// "2024-02-08T10:00:00Z", with 3, 6 or 9 digits of fraction where there is one.
std::string format_rfc3339(WallTime at);

// ---- zones
// ---------------------------------------------------------------------------------------

// A value; copies share what was read.
class TimeZone {
 public:
  TimeZone() = default;  // UTC
  // "UTC", "Z", "+02:00", or a name of the system's zoneinfo ("Europe/Berlin"). `invalid`
  // otherwise.
  static Result<TimeZone> find(std::string_view name);
  static const TimeZone& utc();

  bool is_utc() const { return rules_ == nullptr && offset_seconds_ == 0; }
  const std::string& name() const { return name_; }
  // How far this zone's clocks are ahead of UTC, `seconds` after 1970 UTC.
  int32_t offset_at(int64_t seconds) const;
  CivilTime civil(int64_t seconds, uint32_t nanosecond = 0) const {
    return civil_from_seconds(seconds + offset_at(seconds), nanosecond);
  }
  // When these clocks show this: the first time, if twice; the moment after the gap, if never.
  WallTime to_wall(const CivilTime& local) const;

 private:
  struct Rules;
  std::string name_ = "UTC";
  int32_t offset_seconds_ = 0;
  std::shared_ptr<const Rules> rules_;  // Constant once read, so copies may share it
};

// ---- strftime
// --------------------------------------------------------------------------------------

// What a format writes of a time, as bits.
enum class TimePart : uint8_t {
  year = 1,         // %Y
  month = 2,        // %m
  day = 4,          // %d
  day_of_year = 8,  // %j
  hour = 16,        // %H
  minute = 32,      // %M
  second = 64,      // %S
  week = 128,       // %G %V
};

// %Y %m %d %H %M %S %j %F %G %V %% and text between them.
class TimeFormat {
 public:
  // `invalid`: "%q is not one of %Y %m ...".
  static Result<TimeFormat> parse(std::string_view text);
  void append(const CivilTime& time, std::string& out) const;
  uint8_t parts() const { return parts_; }  // Bits of TimePart
  bool has(TimePart part) const { return (parts_ & static_cast<uint8_t>(part)) != 0; }

 private:
  struct Piece {
    char letter = 0;  // 0: text
    std::string text;
  };
  std::vector<Piece> pieces_;
  uint8_t parts_ = 0;
};

std::string format_time(const TimeFormat& format, WallTime at,
                        const TimeZone& zone = TimeZone::utc());

// ---- durations and sizes
// -----------------------------------------------------------------------------

// "1.2 s", "340 ms", "2 m 5 s", "1 h 3 m": for people.
std::string print_duration(Nanoseconds duration);
// "128MiB" where that is exact, else with one decimal: "1.5GiB", "812B". parse_bytes reads it.
std::string print_bytes(uint64_t bytes);
// "90s", "5m", "2d", "100ms", "1h30m"; us, ns and w too. `invalid` otherwise.
Result<Nanoseconds> parse_duration(std::string_view text);
// "48MiB", "5MB", "1.5GiB", "4096", "10K": i for powers of 1,024. `invalid` otherwise.
Result<uint64_t> parse_bytes(std::string_view text);

}  // namespace sluice
