// Time zones of base/time.h: fixed offsets, and the system's zoneinfo files (TZif, RFC 9636).
//
//   header (44 bytes): "TZif" version, 15 unused, six counts (4 bytes each, the high one first)
//   body: transition times, their types, types (offset, is-daylight, name index), names, ...
//   From version 2 on a second header and body follow, with 8-byte times, and then
//   "\n" POSIX TZ string "\n": the rule behind the last transition.
#include <algorithm>
#include <cstdio>

#include "base/text.h"
#include "base/time.h"

namespace sluice {
namespace {

constexpr std::string_view zoneinfo = "/usr/share/zoneinfo/";
constexpr size_t zone_file_bytes_max = 256 << 10;

Error not_a_zone(std::string_view name, std::string_view why) {
  return {ErrorKind::invalid, "`" + excerpt(name) + "` is not a time zone: " + std::string(why)};
}

std::optional<int32_t> parse_offset(std::string_view text) {
  if (text.size() != 6 || (text[0] != '+' && text[0] != '-') || text[3] != ':') return std::nullopt;
  const auto hours = parse_number<uint32_t>(text.substr(1, 2));
  const auto minutes = parse_number<uint32_t>(text.substr(4, 2));
  if (!hours || !minutes || *hours > 23 || *minutes > 59) return std::nullopt;
  const auto seconds = static_cast<int32_t>(*hours * 3600 + *minutes * 60);
  return text[0] == '-' ? -seconds : seconds;
}

// A name of the database: words of letters, digits, + - _ between slashes. Never a way out of it.
bool is_zone_name(std::string_view name) {
  if (name.empty() || name.size() > 64) return false;
  for (const std::string_view word : split(name, '/')) {
    if (word.empty()) return false;
    for (const char c : word) {
      const bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
      if (!letter && !(c >= '0' && c <= '9') && c != '+' && c != '-' && c != '_') return false;
    }
  }
  return true;
}

std::optional<std::string> read_file(const std::string& path) {
  std::FILE* file = std::fopen(path.c_str(), "rb");
  if (file == nullptr) return std::nullopt;
  std::string bytes(zone_file_bytes_max, '\0');
  bytes.resize(std::fread(bytes.data(), 1, bytes.size(), file));
  std::fclose(file);
  return bytes;
}

// One end of daylight saving: "M3.5.0/2", the fifth (last) Sunday of March at 02:00.
struct Change {
  uint32_t month = 0, week = 0, weekday = 0;  // Sunday is 0
  int32_t at_seconds = 7200;

  // Local seconds since 1970 in this year.
  int64_t in(int32_t year) const {
    const int64_t first = days_from_civil(year, month, 1);
    const int64_t first_weekday = ((first + 4) % 7 + 7) % 7;
    int64_t day = first + (weekday + 7 - first_weekday) % 7 + (week - 1) * 7;
    const int64_t next_month =
        month == 12 ? days_from_civil(year + 1, 1, 1) : days_from_civil(year, month + 1, 1);
    while (day >= next_month) day -= 7;
    return day * 86'400 + at_seconds;
  }
};

// "CET-1CEST,M3.5.0,M10.5.0/3". Other forms than M are used by no zone that has a future change.
struct Rule {
  int32_t standard_seconds = 0;
  bool has_daylight = false;
  int32_t daylight_seconds = 0;
  Change begin, end;

  int32_t offset_at(int64_t seconds) const {
    if (!has_daylight) return standard_seconds;
    const int32_t year = civil_from_seconds(seconds + standard_seconds).year;
    const int64_t from = begin.in(year)-standard_seconds;
    const int64_t to = end.in(year)-daylight_seconds;
    const bool inside =
        from < to ? seconds >= from && seconds < to : seconds >= from || seconds < to;
    return inside ? daylight_seconds : standard_seconds;
  }
};

class RuleReader {
 public:
  explicit RuleReader(std::string_view text) : rest_(text) {}

  std::optional<Rule> read() {
    Rule rule;
    if (!skip_name()) return std::nullopt;
    const auto standard = time();
    if (!standard) return std::nullopt;
    rule.standard_seconds = -*standard;  // POSIX counts westward
    if (rest_.empty()) return rule;
    rule.has_daylight = true;
    rule.daylight_seconds = rule.standard_seconds + 3600;
    if (!skip_name()) return std::nullopt;
    if (!rest_.empty() && rest_[0] != ',') {
      const auto daylight = time();
      if (!daylight) return std::nullopt;
      rule.daylight_seconds = -*daylight;
    }
    if (!change(rule.begin) || !change(rule.end) || !rest_.empty()) return std::nullopt;
    return rule;
  }

 private:
  bool take(char c) {
    if (rest_.empty() || rest_[0] != c) return false;
    rest_.remove_prefix(1);
    return true;
  }
  bool skip_name() {
    if (take('<')) {
      const size_t end = rest_.find('>');
      if (end == std::string_view::npos) return false;
      rest_.remove_prefix(end + 1);
      return true;
    }
    size_t letters = 0;
    while (letters < rest_.size() &&
           ((rest_[letters] | 32) >= 'a' && (rest_[letters] | 32) <= 'z')) {
      ++letters;
    }
    rest_.remove_prefix(letters);
    return letters >= 3;
  }
  std::optional<uint32_t> number() {
    size_t digits = 0;
    while (digits < rest_.size() && rest_[digits] >= '0' && rest_[digits] <= '9') ++digits;
    const auto value = parse_number<uint32_t>(rest_.substr(0, digits));
    rest_.remove_prefix(digits);
    if (!value || *value > 1000) return std::nullopt;
    return value;
  }
  std::optional<int32_t> time() {
    const bool negative = take('-');
    if (!negative) take('+');
    int32_t seconds = 0;
    int32_t scale = 3600;
    do {
      const auto value = number();
      if (!value || scale == 0) return std::nullopt;
      seconds += static_cast<int32_t>(*value) * scale;
      scale /= 60;
    } while (take(':'));
    return negative ? -seconds : seconds;
  }
  bool change(Change& out) {
    if (!take(',') || !take('M')) return false;
    const auto month = number();
    if (!month || !take('.')) return false;
    const auto week = number();
    if (!week || !take('.')) return false;
    const auto weekday = number();
    if (!weekday || *month < 1 || *month > 12 || *week < 1 || *week > 5 || *weekday > 6)
      return false;
    out = {*month, *week, *weekday};
    if (take('/')) {
      const auto at = time();
      if (!at) return false;
      out.at_seconds = *at;
    }
    return true;
  }
  std::string_view rest_;
};

}  // namespace

struct TimeZone::Rules {
  struct Transition {
    int64_t from = 0;  // Seconds since 1970 UTC
    int32_t offset_seconds = 0;
  };
  int32_t first_seconds = 0;  // Before the first transition
  std::vector<Transition> transitions;
  std::optional<Rule> after;  // Behind the last

  int32_t offset_at(int64_t seconds) const {
    if (after && (transitions.empty() || seconds >= transitions.back().from)) {
      return after->offset_at(seconds);
    }
    const auto next = std::upper_bound(
        transitions.begin(), transitions.end(), seconds,
        [](int64_t at, const Transition& transition) { return at < transition.from; });
    return next == transitions.begin() ? first_seconds : std::prev(next)->offset_seconds;
  }

  static std::shared_ptr<const Rules> parse(std::string_view file);
};

std::shared_ptr<const TimeZone::Rules> TimeZone::Rules::parse(std::string_view file) {
  constexpr size_t header_bytes = 44;
  const auto big_endian = [&](size_t at, size_t bytes) {
    uint64_t value = 0;
    for (size_t i = 0; i < bytes; ++i) value = value << 8 | static_cast<uint8_t>(file[at + i]);
    return value;
  };
  struct Counts {
    size_t is_utc, is_standard, leaps, times, types, letters;
    size_t body(size_t time_bytes) const {
      return times * (time_bytes + 1) + types * 6 + letters + leaps * (time_bytes + 4) +
             is_standard + is_utc;
    }
  };
  const auto header = [&](size_t at) -> std::optional<Counts> {
    if (file.size() < at + header_bytes || file.substr(at, 4) != "TZif") return std::nullopt;
    const auto count = [&](size_t i) {
      return static_cast<size_t>(big_endian(at + 20 + 4 * i, 4));
    };
    const Counts counts{count(0), count(1), count(2), count(3), count(4), count(5)};
    const size_t most = zone_file_bytes_max;
    if (counts.times > most || counts.types > 256 || counts.types == 0 || counts.letters > most ||
        counts.leaps > most || counts.is_utc > 256 || counts.is_standard > 256) {
      return std::nullopt;
    }
    return counts;
  };
  const auto old = header(0);
  if (!old || file[4] < '2') return nullptr;
  const size_t second = header_bytes + old->body(4);
  const auto counts = header(second);
  if (!counts || file.size() < second + header_bytes + counts->body(8)) return nullptr;

  const size_t times = second + header_bytes;
  const size_t kinds = times + counts->times * 8;
  const size_t types = kinds + counts->times;
  const auto offset_of = [&](size_t type) {
    return static_cast<int32_t>(static_cast<uint32_t>(big_endian(types + type * 6, 4)));
  };
  auto rules = std::make_shared<Rules>();
  rules->first_seconds = offset_of(0);
  for (size_t i = 0; i < counts->times; ++i) {
    const size_t type = static_cast<uint8_t>(file[kinds + i]);
    if (type >= counts->types) return nullptr;
    rules->transitions.push_back(
        {static_cast<int64_t>(big_endian(times + i * 8, 8)), offset_of(type)});
  }
  std::string_view footer = file.substr(second + header_bytes + counts->body(8));
  if (footer.size() < 2 || footer.front() != '\n') return nullptr;
  footer.remove_prefix(1);
  footer = footer.substr(0, footer.find('\n'));
  if (!footer.empty()) {
    rules->after = RuleReader(footer).read();
    if (!rules->after && rules->transitions.empty()) return nullptr;
  }
  return rules;
}

Result<TimeZone> TimeZone::find(std::string_view name) {
  TimeZone zone;
  if (name == "UTC" || name == "Z" || name == "z") return zone;
  zone.name_ = name;
  if (const auto offset = parse_offset(name)) {
    zone.offset_seconds_ = *offset;
    return zone;
  }
  constexpr std::string_view say = "say UTC, +02:00 or a name such as Europe/Berlin";
  if (!is_zone_name(name)) return not_a_zone(name, say);
  const auto file = read_file(std::string(zoneinfo) + std::string(name));
  if (!file || file->empty()) {
    return not_a_zone(name, "this system has no " + std::string(zoneinfo) + std::string(name) +
                                "; " + std::string(say));
  }
  zone.rules_ = Rules::parse(*file);
  if (!zone.rules_) return not_a_zone(name, "its zoneinfo file can't be read");
  return zone;
}

const TimeZone& TimeZone::utc() {
  static const TimeZone zone;
  return zone;
}

int32_t TimeZone::offset_at(int64_t seconds) const {
  return rules_ ? rules_->offset_at(seconds) : offset_seconds_;
}

WallTime TimeZone::to_wall(const CivilTime& local) const {
  const int64_t shown = seconds_from_civil(local);
  // The offsets a day before and a day after are the only candidates, if one change lies between.
  const int32_t before = offset_at(shown - 86'400), after = offset_at(shown + 86'400);
  for (const int32_t offset : {std::max(before, after), std::min(before, after)}) {
    if (offset_at(shown - offset) == offset) {
      return sluice::to_wall(shown - offset, local.nanosecond);
    }
  }
  // In a gap: no such time was shown. `shown - after` lies before the change, which comes next.
  int64_t low = shown - std::max(before, after), high = shown - std::min(before, after);
  const int32_t offset_low = offset_at(low);
  while (low + 1 < high) {
    const int64_t middle = low + (high - low) / 2;
    (offset_at(middle) == offset_low ? low : high) = middle;
  }
  return sluice::to_wall(high, 0);
}

}  // namespace sluice
