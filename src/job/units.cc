#include "job/units.h"

#include <algorithm>
#include <set>

#include "base/nearest.h"
#include "base/text.h"
#include "json/value.h"

namespace sluice {
namespace {

constexpr size_t unit_token_bytes_max = 200;  // So that "-00000.jsonl.gz" fits beside it in 255

Error invalid(std::string message) {
  return {ErrorKind::invalid, std::move(message)};
}

int64_t seconds_each(Each each) {
  return each == Each::hour ? 3600 : 86'400;
}

// Units of time are counted from 1970 on the zone's own clock: as many hours or days as it shows.
struct Counted {
  int64_t first = 0, last = 0;  // Both included
};

int64_t count_of(Each each, const CivilTime& local) {
  const int64_t seconds = seconds_from_civil(local);
  const int64_t size = seconds_each(each);
  return (seconds - ((seconds % size) + size) % size) / size;
}

std::string id_of(Each each, int64_t count) {
  const CivilTime local = civil_from_seconds(count * seconds_each(each));
  std::string id = format_rfc3339(to_wall(local)).substr(0, 10);
  if (each == Each::hour) {
    id += 'T';
    append_padded(local.hour, 2, id);
  }
  return id;
}

UnitNames unit_of(Each each, const TimeZone& zone, int64_t count) {
  const int64_t size = seconds_each(each);
  return {.id = id_of(each, count),
          .start = zone.to_wall(civil_from_seconds(count * size)),
          .end = zone.to_wall(civil_from_seconds((count + 1) * size))};
}

// "2024-02-08T05"
std::optional<CivilTime> parse_hour(std::string_view text) {
  if (text.size() != 13 || text[10] != 'T') return std::nullopt;
  auto at = parse_date(text.substr(0, 10));
  const auto hour = parse_number<uint8_t>(text.substr(11));
  if (!at || !hour || *hour > 23) return std::nullopt;
  at->hour = *hour;
  return at;
}

// What 64 bits of nanoseconds hold of whole years.
bool is_in_range(const CivilTime& local) {
  return local.year >= 1678 && local.year <= 2261;
}

// The one before the unit of `count`: clocks may leave out an hour, and a zone that crosses the
// date line a day.
int64_t count_before(Each each, const TimeZone& zone, int64_t count) {
  constexpr int left_out_max = 24;
  for (int i = 0; i < left_out_max; ++i) {
    const UnitNames unit = unit_of(each, zone, --count);
    if (unit.start != unit.end) break;
  }
  return count;
}

// The unit, or the units of a day, that a word names. `local` is what the zone's clocks show now.
Result<Counted> counted(Each each, std::string_view word, const TimeZone& zone,
                        const CivilTime& local) {
  const auto day = [&](const CivilTime& at) -> Result<Counted> {
    if (!is_in_range(at)) return invalid("`" + excerpt(word) + "` is not within 1678 to 2261");
    const int64_t days = count_of(Each::day, at);
    if (each == Each::day) return Counted{days, days};
    return Counted{days * 24, days * 24 + 23};
  };
  const int64_t hour = count_of(Each::hour, local);
  if (word == "today") return day(local);
  if (word == "yesterday") {
    const int64_t days = count_before(Each::day, zone, count_of(Each::day, local));
    return day(civil_from_seconds(days * 86'400));
  }
  if (const auto date = parse_date(word)) return day(*date);
  if (each == Each::hour) {
    if (word == "this_hour") return Counted{hour, hour};
    if (word == "last_hour") {
      const int64_t last = count_before(each, zone, hour);
      return Counted{last, last};
    }
    const auto at = parse_hour(word);
    if (at && is_in_range(*at)) {
      return Counted{count_of(Each::hour, *at), count_of(Each::hour, *at)};
    }
  }
  const bool hours = each == Each::hour;
  constexpr std::string_view words[] = {"yesterday", "today", "this_hour", "last_hour"};
  const auto known = std::span(words).first(hours ? 4 : 2);
  return invalid("`" + excerpt(word) + "` is not " + (hours ? "an hour" : "a day") + ": say " +
                 (hours ? "2024-02-08T05, 2024-02-08, last_hour, this_hour, " : "2024-02-08, ") +
                 "yesterday or today" + (nearest(word, known) ? suggestion(word, known) : ""));
}

Result<std::vector<UnitNames>> span_of_units(const UnitsSpec& spec, const TimeZone& zone,
                                             const UnitsAsked& asked, WallTime now) {
  const std::string& from = asked.from.empty() ? spec.from : asked.from;
  if (from.empty()) {
    return invalid(asked.to.empty() ? "which units? Say --from and --to, or `default:` in units"
                                    : "--to needs --from");
  }
  std::string to = asked.to;
  if (to.empty()) to = spec.to.empty() ? from : spec.to;
  const CivilTime utc = to_civil(now);
  const CivilTime local = zone.civil(seconds_from_civil(utc), utc.nanosecond);
  const Counted first = TRY_IN(counted(spec.each, from, zone, local), "from");
  const Counted last = TRY_IN(counted(spec.each, to, zone, local), "to");
  if (last.last < first.first) return invalid("no units: " + from + " is after " + to);
  if (static_cast<uint64_t>(last.last - first.first) >= units_max) {
    return invalid("from " + from + " to " + to + " are more than " + std::to_string(units_max) +
                   " units");
  }
  std::vector<UnitNames> units;
  for (int64_t count = first.first; count <= last.last; ++count) {
    UnitNames unit = unit_of(spec.each, zone, count);
    // An hour that the zone's clocks leave out.
    if (unit.start != unit.end) units.push_back(std::move(unit));
  }
  if (units.empty()) {
    return invalid("no units: clocks in " + zone.name() + " leave out " + from +
                   (from == to ? "" : " to " + to));
  }
  return units;
}

std::optional<std::string> why_no_unit(std::string_view value) {
  if (value.empty()) return "a unit can't be empty";
  if (!json::is_utf8(value)) return "a unit must be UTF-8";
  for (const char c : value) {
    if (static_cast<uint8_t>(c) < 0x20 || c == 0x7F) return "a unit can't have control characters";
  }
  if (value[0] == '~') return "a unit can't begin with ~";
  if (unit_token(value).size() > unit_token_bytes_max) {
    return "a unit can't be longer than 200 bytes (escaped ones count three)";
  }
  return std::nullopt;
}

}  // namespace

std::string_view to_string(Each each) {
  switch (each) {
    case Each::once:
      return "once";
    case Each::day:
      return "day";
    case Each::hour:
      return "hour";
    case Each::list:
      return "list";
  }
  return "";
}

uint8_t unit_time_parts(Each each) {
  const auto bit = [](TimePart part) { return static_cast<uint8_t>(part); };
  if (each != Each::day && each != Each::hour) return 0;
  const int day = bit(TimePart::year) | bit(TimePart::month) | bit(TimePart::day) |
                  bit(TimePart::day_of_year) | bit(TimePart::week);
  return static_cast<uint8_t>(each == Each::hour ? day | bit(TimePart::hour) : day);
}

UnitsSpec read_units(const Settings& settings, const TimeZone& zone,
                     std::vector<Mistake>& mistakes) {
  UnitsSpec spec;
  const auto wrong = [&](std::string_view field, const std::string& message) {
    mistakes.push_back({settings.mark_of(field), message});
  };
  if (!settings.has("each")) return spec;
  for (const Each each : {Each::once, Each::day, Each::hour, Each::list}) {
    if (settings.text("each") == to_string(each)) spec.each = each;
  }
  const bool of_time = spec.each == Each::day || spec.each == Each::hour;
  if (settings.has("late")) spec.late = settings.duration("late");
  if (settings.given("late") && !of_time) wrong("late", "late: for units of day or hour only");
  if (settings.has("default")) {
    const std::string& text = settings.text("default");
    const size_t dots = text.find("..");
    spec.from = trim(text.substr(0, dots));
    spec.to = dots == text.npos ? spec.from : std::string(trim(text.substr(dots + 2)));
    if (!of_time) {
      wrong("default", "default: for units of day or hour only");
    } else {
      // The moment doesn't matter: words are checked here, not meant.
      for (const std::string& word : {spec.from, spec.to}) {
        const auto meant = counted(spec.each, word, zone, zone.civil(1'700'000'000));
        if (!meant.ok()) {
          wrong("default", "default: " + meant.error().message);
          break;
        }
      }
    }
  }
  spec.values = settings.texts("values");
  if (spec.each == Each::list && spec.values.empty())
    wrong("each", "units of a list need `values`");
  if (spec.each != Each::list && settings.has("values")) {
    wrong("values", "values: for units of a list only");
  }
  std::set<std::string_view> seen;
  for (const Settings::Item& item : settings.items("values")) {
    const auto why = why_no_unit(item.text());
    if (why) mistakes.push_back({item.mark, "values: " + *why});
    if (!seen.insert(item.text()).second) {
      mistakes.push_back({item.mark, "values: `" + excerpt(item.text()) + "` comes twice"});
    }
  }
  return spec;
}

Result<UnitNames> unit_named(const UnitsSpec& spec, const TimeZone& zone, std::string_view id) {
  switch (spec.each) {
    case Each::once:
      if (id == "once") return UnitNames{.id = "once"};
      return invalid("no unit `" + excerpt(id) + "`: this job has one, `once`");
    case Each::list: {
      const auto found = std::find(spec.values.begin(), spec.values.end(), id);
      if (found != spec.values.end()) return UnitNames{.id = *found};
      const std::vector<std::string_view> known(spec.values.begin(), spec.values.end());
      return invalid("no unit `" + excerpt(id) + "`" + suggestion(id, known));
    }
    case Each::day:
    case Each::hour:
      break;
  }
  const auto at = spec.each == Each::hour ? parse_hour(id) : parse_date(id);
  if (!at || !is_in_range(*at)) {
    return invalid("no unit `" + excerpt(id) + "`: units look like " +
                   (spec.each == Each::hour ? "2024-02-08T05" : "2024-02-08"));
  }
  UnitNames unit = unit_of(spec.each, zone, count_of(spec.each, *at));
  if (unit.start == unit.end) {
    return invalid("no unit " + unit.id + ": clocks in " + zone.name() + " leave it out");
  }
  return unit;
}

Result<std::vector<UnitNames>> plan_units(const UnitsSpec& spec, const TimeZone& zone,
                                          const UnitsAsked& asked, WallTime now) {
  const bool of_time = spec.each == Each::day || spec.each == Each::hour;
  const bool span_asked = !asked.from.empty() || !asked.to.empty();
  if (span_asked && !asked.ids.empty()) return invalid("--units and --from/--to don't go together");
  if (span_asked && !of_time) return invalid("--from and --to need units of day or hour");
  if (asked.ids.empty() && of_time) return span_of_units(spec, zone, asked, now);

  std::vector<std::string> ids = asked.ids;
  if (ids.empty()) ids = spec.each == Each::list ? spec.values : std::vector<std::string>{"once"};
  std::vector<UnitNames> units;
  std::set<std::string> seen;
  for (const std::string& id : ids) {
    UnitNames unit = TRY(unit_named(spec, zone, id));
    if (seen.insert(unit.id).second) units.push_back(std::move(unit));
  }
  if (of_time) {
    std::sort(units.begin(), units.end(),
              [](const UnitNames& a, const UnitNames& b) { return a.id < b.id; });
  }
  return units;
}

std::vector<std::string> units_like(Each each, std::string_view id) {
  if (each != Each::day && each != Each::hour) return {};
  const auto local = each == Each::day ? parse_date(id) : parse_hour(id);
  if (!local) return {};
  const int64_t count = count_of(each, *local);
  return {id_of(each, count - 1), id_of(each, count - (each == Each::day ? 7 : 24))};
}

bool may_still_change(const UnitNames& unit, Nanoseconds late, WallTime now) {
  return unit.end && now.ns - unit.end->ns < late;
}

bool is_over(const UnitNames& unit, WallTime now) {
  return !unit.end || *unit.end <= now;
}

}  // namespace sluice
