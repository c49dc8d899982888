#include "base/time.h"

#include <doctest/doctest.h>

#include <ctime>
#include <string>

namespace sluice {
namespace {

std::string reprint(std::string_view text) {
  const auto at = parse_time(text);
  return at ? format_rfc3339(*at) : "none";
}

std::string format(std::string_view pattern, std::string_view time, std::string_view zone = "UTC") {
  auto parsed = TimeFormat::parse(pattern);
  if (!parsed.ok()) return parsed.error().message;
  return format_time(*parsed, *parse_time(time), *TimeZone::find(zone));
}

}  // namespace

TEST_CASE("RFC 3339 is read as logs write it") {
  CHECK(reprint("2024-02-08T10:00:00Z") == "2024-02-08T10:00:00Z");
  CHECK(reprint("2024-02-08t10:00:00z") == "2024-02-08T10:00:00Z");
  CHECK(reprint("2024-02-08 10:00:00") == "2024-02-08T10:00:00Z");
  CHECK(reprint("2024-02-08T10:00:00+01:00") == "2024-02-08T09:00:00Z");
  CHECK(reprint("2024-01-01T00:30:00+01:00") == "2023-12-31T23:30:00Z");
  CHECK(reprint("2024-02-08T10:00:00-05:30") == "2024-02-08T15:30:00Z");
  CHECK(reprint("2024-02-08T10:00:00.5Z") == "2024-02-08T10:00:00.500Z");
  CHECK(reprint("2024-02-08T10:00:00.123456Z") == "2024-02-08T10:00:00.123456Z");
  CHECK(reprint("2024-02-08T10:00:00.1234567899Z") == "2024-02-08T10:00:00.123456789Z");
  CHECK(reprint("1969-12-31T23:59:59.25Z") == "1969-12-31T23:59:59.250Z");
  CHECK(reprint("2016-12-31T23:59:60Z") == "2016-12-31T23:59:59Z");
  CHECK(reprint("2024-02-29T00:00:00Z") == "2024-02-29T00:00:00Z");
}

TEST_CASE("what is no RFC 3339 is no time") {
  for (const char* text : {"",
                           "soon",
                           "2024-02-08",
                           "2024-02-08T10:00Z",
                           "2024-2-8T10:00:00Z",
                           "2024-02-30T10:00:00Z",
                           "2023-02-29T00:00:00Z",
                           "2024-13-01T00:00:00Z",
                           "2024-00-01T00:00:00Z",
                           "2024-02-08T24:00:00Z",
                           "2024-02-08T10:60:00Z",
                           "2024-02-08T10:00:61Z",
                           "2024-02-08T10:00:00.Z",
                           "2024-02-08T10:00:00+1:00",
                           "2024-02-08T10:00:00+0100",
                           "2024-02-08T10:00:00Zx",
                           "2024-02-08T10:00:00 Z",
                           "2024/02/08T10:00:00Z",
                           "2024-02-08X10:00:00Z",
                           "+024-02-08T10:00:00Z",
                           "2024-02-08T10:00:00+25:00"}) {
    CAPTURE(text);
    CHECK_FALSE(parse_zoned_time(text));
    CHECK_FALSE(parse_time(text));
  }
}

TEST_CASE("a time that 64 bits of nanoseconds can't hold is still a civil time") {
  CHECK_FALSE(parse_time("9999-12-31T23:59:59Z"));
  const auto zoned = parse_zoned_time("9999-12-31T23:59:59Z");
  REQUIRE(zoned);
  CHECK(civil_from_seconds(zoned->seconds()) == zoned->civil);
  CHECK(parse_zoned_time("0000-01-01T00:00:00Z"));
}

TEST_CASE("civil time agrees with the C library over four centuries") {
  int64_t seconds = -70LL * 365 * 86'400;
  for (int i = 0; i < 20'000; ++i, seconds += 631'337) {
    const std::time_t at = seconds;
    std::tm expected{};
    gmtime_r(&at, &expected);
    const CivilTime civil = civil_from_seconds(seconds);
    REQUIRE(civil.year == expected.tm_year + 1900);
    REQUIRE(civil.month == expected.tm_mon + 1);
    REQUIRE(civil.day == expected.tm_mday);
    REQUIRE(civil.hour == expected.tm_hour);
    REQUIRE(civil.second == expected.tm_sec);
    REQUIRE(seconds_from_civil(civil) == seconds);
    char text[64];
    REQUIRE(std::strftime(text, sizeof text, "%Y-%m-%d %H:%M:%S %j %G-%V %F", &expected) > 0);
    std::string ours;
    TimeFormat::parse("%Y-%m-%d %H:%M:%S %j %G-%V %F")->append(civil, ours);
    REQUIRE(ours == text);
  }
}

TEST_CASE("formats are checked") {
  CHECK(format("%Y/%m/%d/%H", "2024-02-08T10:00:00Z") == "2024/02/08/10");
  CHECK(format("100%% %F", "2024-02-08T10:00:00Z") == "100% 2024-02-08");
  CHECK(format("%q", "2024-02-08T10:00:00Z") ==
        "%q is not one of %Y %m %d %H %M %S %j %F %G %V %%");
  CHECK_FALSE(TimeFormat::parse("%Y%").ok());
  CHECK_FALSE(TimeFormat::parse("day").ok());
  CHECK_FALSE(TimeFormat::parse("").ok());
  CHECK(TimeFormat::parse("%F")->has(TimePart::day));
  CHECK_FALSE(TimeFormat::parse("%F")->has(TimePart::hour));
}

TEST_CASE("zones shift") {
  CHECK(format("%F %H:%M", "2024-02-08T23:30:00Z", "+02:00") == "2024-02-09 01:30");
  CHECK(format("%F %H", "2024-02-08T01:00:00Z", "-05:00") == "2024-02-07 20");
  CHECK(TimeZone::find("UTC")->is_utc());
  CHECK(TimeZone::find("+00:00")->is_utc());
  for (const char* name :
       {"", "Mars/Phobos", "../../etc/passwd", "/etc/passwd", "+2", "Europe/", "."}) {
    CAPTURE(name);
    CHECK_FALSE(TimeZone::find(name).ok());
  }
}

TEST_CASE("zones of the system's database know daylight saving, now and after the file's end") {
  const auto berlin = TimeZone::find("Europe/Berlin");
  if (!berlin.ok()) {
    MESSAGE("skipped: this system has no zoneinfo");
    return;
  }
  CHECK(format("%F %H:%M", "2024-03-31T00:59:59Z", "Europe/Berlin") == "2024-03-31 01:59");
  CHECK(format("%F %H:%M", "2024-03-31T01:00:00Z", "Europe/Berlin") == "2024-03-31 03:00");
  CHECK(format("%F %H:%M", "2024-10-27T01:00:00Z", "Europe/Berlin") == "2024-10-27 02:00");
  CHECK(format("%F %H:%M", "1900-01-01T00:00:00Z", "Europe/Berlin") == "1900-01-01 01:00");
  CHECK(format("%F %H:%M", "2099-07-01T00:00:00Z", "Europe/Berlin") == "2099-07-01 02:00");
  CHECK(format("%F %H:%M", "2099-12-01T00:00:00Z", "Europe/Berlin") == "2099-12-01 01:00");
  CHECK(format("%H:%M", "2099-01-01T00:00:00Z", "Australia/Sydney") == "11:00");
  CHECK(format("%H:%M", "2099-07-01T00:00:00Z", "Australia/Sydney") == "10:00");
  CHECK(format("%H:%M", "2024-07-01T00:00:00Z", "Asia/Kolkata") == "05:30");
  CHECK_FALSE(berlin->is_utc());
}

TEST_CASE("a zone's clocks are read back, gaps and repeats too") {
  const auto berlin = TimeZone::find("Europe/Berlin");
  if (!berlin.ok()) return;
  const auto utc = [&](std::string_view local) {
    return format_rfc3339(berlin->to_wall(parse_zoned_time(local)->civil));
  };
  CHECK(utc("2024-02-08T00:00:00") == "2024-02-07T23:00:00Z");
  CHECK(utc("2024-07-08T00:00:00") == "2024-07-07T22:00:00Z");
  CHECK(utc("2024-03-31T02:30:00") == "2024-03-31T01:00:00Z");  // Never shown
  CHECK(utc("2024-10-27T02:30:00") == "2024-10-27T00:30:00Z");  // Shown twice
  CHECK(format_rfc3339(TimeZone::utc().to_wall(parse_zoned_time("2024-02-08T00:00:00")->civil)) ==
        "2024-02-08T00:00:00Z");
}

TEST_CASE("zones agree with the C library") {
  const auto zone = TimeZone::find("America/New_York");
  if (!zone.ok()) return;
  setenv("TZ", "America/New_York", 1);
  tzset();
  for (int64_t seconds = -2'000'000'000; seconds < 4'000'000'000; seconds += 1'234'567) {
    const std::time_t at = seconds;
    std::tm expected{};
    localtime_r(&at, &expected);
    REQUIRE(zone->offset_at(seconds) == expected.tm_gmtoff);
  }
  unsetenv("TZ");
  tzset();
}

TEST_CASE("durations are read and printed") {
  CHECK(*parse_duration("90s") == 90_s);
  CHECK(*parse_duration("5m") == 300_s);
  CHECK(*parse_duration("2d") == 172'800_s);
  CHECK(*parse_duration("100ms") == 100_ms);
  CHECK(*parse_duration("1h30m") == 5400_s);
  CHECK(*parse_duration("1.5 s") == 1500_ms);
  CHECK(*parse_duration("0") == 0);
  for (const char* text :
       {"", "s", "5", "5 parsecs", "-5s", "5s x", "1e5s", "99999999999999w", ".5s"}) {
    CAPTURE(text);
    CHECK_FALSE(parse_duration(text).ok());
  }
  CHECK(print_duration(1'234_ms) == "1.2 s");
  CHECK(print_duration(340_ms) == "340 ms");
  CHECK(print_duration(999'900'000) == "1.0 s");
  CHECK(print_duration(125_s) == "2 m 5 s");
  CHECK(print_duration(3800_s) == "1 h 3 m");
  CHECK(print_duration(12) == "12 ns");
}

TEST_CASE("sizes are read and printed") {
  CHECK(*parse_bytes("48MiB") == 48u << 20);
  CHECK(*parse_bytes("5MB") == 5'000'000);
  CHECK(*parse_bytes("1GiB") == 1u << 30);
  CHECK(*parse_bytes("1.5GiB") == 3u << 29);
  CHECK(*parse_bytes("4096") == 4096);
  CHECK(*parse_bytes("10K") == 10'240);
  CHECK(*parse_bytes("18446744073709551615") == UINT64_MAX);
  for (const char* text : {"", "MiB", "-1", "5 fish", "1e30", "5MiB5", "0x10", "99999999TiB"}) {
    CAPTURE(text);
    CHECK_FALSE(parse_bytes(text).ok());
  }
  CHECK(print_bytes(128 << 20) == "128MiB");
  CHECK(print_bytes(1536) == "1.5KiB");
  CHECK(print_bytes(812) == "812B");
  CHECK(print_bytes(0) == "0B");
}

}  // namespace sluice
