#include "job/units.h"

#include <doctest/doctest.h>

#include "base/text.h"
#include "job/words.h"

namespace sluice {
namespace {

const WallTime now_then = *parse_time("2024-03-01T01:30:00Z");

std::vector<std::string> ids(const Result<std::vector<UnitNames>>& units) {
  if (!units.ok()) return {"error: " + units.error().message};
  std::vector<std::string> out;
  for (const UnitNames& unit : *units) out.push_back(unit.id);
  return out;
}

std::vector<std::string> plan(const UnitsSpec& spec, const UnitsAsked& asked = {},
                              std::string_view zone = "UTC") {
  return ids(plan_units(spec, *TimeZone::find(zone), asked, now_then));
}

using Ids = std::vector<std::string>;

struct Read {
  UnitsSpec spec;
  std::string mistake;
};

Read read(std::vector<Node::Entry> entries) {
  std::vector<Mistake> mistakes;
  const Settings settings =
      check_settings(units_words(), Node::of_map(std::move(entries)), {}, mistakes);
  Read out;
  if (mistakes.empty()) out.spec = read_units(settings, TimeZone::utc(), mistakes);
  if (!mistakes.empty()) out.mistake = mistakes.front().message;
  return out;
}

Node of(std::string_view text) {
  return Node::of(text);
}

}  // namespace

TEST_CASE("days go from one to another, both included, over a leap day") {
  const UnitsSpec spec{.each = Each::day, .from = "yesterday", .to = "yesterday"};
  CHECK(plan(spec) == Ids{"2024-02-29"});
  CHECK(plan(spec, {.from = "2024-02-28", .to = "today"}) ==
        Ids{"2024-02-28", "2024-02-29", "2024-03-01"});
  CHECK(plan(spec, {.from = "2024-02-28"}) == Ids{"2024-02-28", "2024-02-29"});
  CHECK(plan(spec, {.ids = {"2024-02-03", "2024-02-01", "2024-02-03"}}) ==
        Ids{"2024-02-01", "2024-02-03"});
  CHECK(plan(spec, {}, "-05:00") == Ids{"2024-02-28"});
  const auto units = plan_units(spec, *TimeZone::find("+02:00"), {}, now_then);
  CHECK(format_rfc3339(*units->front().start) == "2024-02-28T22:00:00Z");
  CHECK(format_rfc3339(*units->front().end) == "2024-02-29T22:00:00Z");
}

TEST_CASE("hours go likewise, and a day means all of its hours") {
  const UnitsSpec spec{.each = Each::hour, .from = "last_hour", .to = "this_hour"};
  CHECK(plan(spec) == Ids{"2024-03-01T00", "2024-03-01T01"});
  CHECK(plan(spec, {.from = "2024-02-29", .to = "2024-02-29"}).size() == 24);
  CHECK(plan(spec, {.from = "2024-02-29T23", .to = "2024-03-01T00"}) ==
        Ids{"2024-02-29T23", "2024-03-01T00"});
}

TEST_CASE("a day of a zone has 23 to 25 hours, and hours that no clock shows are no units") {
  if (!TimeZone::find("Europe/Berlin").ok()) return;
  const UnitsSpec spec{.each = Each::hour};
  const auto spring = plan(spec, {.from = "2024-03-31", .to = "2024-03-31"}, "Europe/Berlin");
  CHECK(spring.size() == 23);
  CHECK(spring[2] == "2024-03-31T03");
  const auto autumn = plan_units(spec, *TimeZone::find("Europe/Berlin"),
                                 {.from = "2024-10-27", .to = "2024-10-27"}, now_then);
  REQUIRE(autumn.ok());
  CHECK(autumn->size() == 24);
  CHECK(autumn->at(2).end->ns - autumn->at(2).start->ns == 2 * 3600_s);
  for (size_t i = 1; i < autumn->size(); ++i) CHECK(autumn->at(i - 1).end == autumn->at(i).start);
  CHECK_FALSE(unit_named(spec, *TimeZone::find("Europe/Berlin"), "2024-03-31T02").ok());
}

TEST_CASE("after the clocks went forward the last hour is the one that they showed last") {
  if (!TimeZone::find("Europe/Berlin").ok()) return;
  const TimeZone berlin = *TimeZone::find("Europe/Berlin");
  const UnitsSpec hours{.each = Each::hour, .from = "last_hour", .to = "last_hour"};
  const auto at = [&](std::string_view now) {
    return ids(plan_units(hours, berlin, {}, *parse_time(now)));
  };
  CHECK(at("2024-03-31T00:30:00Z") == Ids{"2024-03-31T00"});
  CHECK(at("2024-03-31T01:30:00Z") == Ids{"2024-03-31T01"});  // Clocks show 03:30
  CHECK(at("2024-03-31T02:30:00Z") == Ids{"2024-03-31T03"});
  CHECK(at("2024-10-27T02:30:00Z") == Ids{"2024-10-27T02"});  // Two hours long
  if (!TimeZone::find("Pacific/Apia").ok()) return;
  // There was no 30th of December 2011.
  const UnitsSpec days{.each = Each::day, .from = "yesterday", .to = "yesterday"};
  CHECK(ids(plan_units(days, *TimeZone::find("Pacific/Apia"), {},
                       *parse_time("2011-12-30T20:00:00Z"))) == Ids{"2011-12-29"});
}

TEST_CASE("a plan without units is said") {
  if (!TimeZone::find("Europe/Berlin").ok()) return;
  const UnitsAsked asked{.from = "2024-03-31T02", .to = "2024-03-31T02"};
  CHECK(plan({.each = Each::hour}, asked, "Europe/Berlin") ==
        Ids{"error: no units: clocks in Europe/Berlin leave out 2024-03-31T02"});
}

TEST_CASE("a job without units is one, and a list has its values") {
  CHECK(plan({}) == Ids{"once"});
  CHECK(plan({}, {.ids = {"once"}}) == Ids{"once"});
  const UnitsSpec list{.each = Each::list, .values = {"eu-west-1", "a/b"}};
  CHECK(plan(list) == Ids{"eu-west-1", "a/b"});
  CHECK(plan(list, {.ids = {"a/b"}}) == Ids{"a/b"});
  CHECK(plan(list, {.ids = {"eu-west-2"}}) ==
        Ids{"error: no unit `eu-west-2`; did you mean `eu-west-1`?"});
}

TEST_CASE("what is asked for must make sense") {
  const UnitsSpec days{.each = Each::day};
  CHECK(plan(days) == Ids{"error: which units? Say --from and --to, or `default:` in units"});
  CHECK(plan(days, {.to = "today"}) == Ids{"error: --to needs --from"});
  CHECK(plan(days, {.from = "today", .to = "yesterday"}) ==
        Ids{"error: no units: today is after yesterday"});
  CHECK(plan(days, {.from = "yestreday"})[0].ends_with("did you mean `yesterday`?"));
  CHECK(
      plan(days, {.from = "2024-02-30"})[0].starts_with("error: from: `2024-02-30` is not a day"));
  CHECK(
      plan(days, {.from = "1000-01-01"})[0].starts_with("error: from: `1000-01-01` is not within"));
  CHECK(plan({.each = Each::hour}, {.from = "1700-01-01", .to = "2200-01-01"})[0].find(
            "more than") != std::string::npos);
  CHECK(plan(days, {.ids = {"2024-02-08T05"}})[0].ends_with("units look like 2024-02-08"));
  CHECK(plan({}, {.from = "today"}) == Ids{"error: --from and --to need units of day or hour"});
  CHECK(plan(days, {.from = "today", .ids = {"2024-02-08"}}).size() == 1);
}

TEST_CASE("units that ended lately may still change") {
  const UnitsSpec days{.each = Each::day};
  const auto unit = *unit_named(days, TimeZone::utc(), "2024-02-28");
  CHECK(may_still_change(unit, 26 * 3600_s, now_then));
  CHECK_FALSE(may_still_change(unit, 25 * 3600_s, now_then));
  CHECK_FALSE(may_still_change({.id = "once"}, 25 * 3600_s, now_then));
}

TEST_CASE("a day is like the day before it and the same day of the week, an hour like its own") {
  using Ids = std::vector<std::string>;
  CHECK(units_like(Each::day, "2024-03-01") == Ids{"2024-02-29", "2024-02-23"});
  CHECK(units_like(Each::hour, "2024-01-01T00") == Ids{"2023-12-31T23", "2023-12-31T00"});
  CHECK(units_like(Each::day, "x").empty());
  CHECK(units_like(Each::list, "2024-03-01").empty());
  CHECK(units_like(Each::once, "once").empty());
}

TEST_CASE("the words of units are checked") {
  const auto good =
      read({{"each", of("day")}, {"default", of("2024-02-01..yesterday")}, {"late", of("2d")}});
  CHECK(good.mistake == "");
  CHECK(good.spec ==
        UnitsSpec{.each = Each::day, .from = "2024-02-01", .to = "yesterday", .late = 172'800_s});
  CHECK(read({{"each", of("list")}, {"values", Node::of_list({of("a"), of("b/c")})}}).mistake ==
        "");
  CHECK(read({{"each", of("dya")}}).mistake.ends_with("did you mean `day`?"));
  CHECK(read({{"each", of("list")}}).mistake == "units of a list need `values`");
  CHECK(read({{"each", of("day")}, {"values", of("a")}}).mistake ==
        "values: for units of a list only");
  CHECK(read({{"each", of("once")}, {"late", of("2d")}}).mistake != "");
  CHECK(read({{"each", of("day")}, {"default", of("tomorow")}})
            .mistake.starts_with("default: `tomorow`"));
  for (const char* value : {"~a", "\x01", "\xFF"}) {
    CHECK(read({{"each", of("list")}, {"values", of(value)}}).mistake != "");
  }
  CHECK(read({{"each", of("list")}, {"values", of(std::string(201, 'x'))}}).mistake != "");
  CHECK(read({{"each", of("list")}, {"values", Node::of_list({of("a"), of("a")})}}).mistake ==
        "values: `a` comes twice");
}

}  // namespace sluice
