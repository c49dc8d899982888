#include "base/time.h"

#include <algorithm>
#include <cstdio>
#include <limits>

#include "base/text.h"

namespace sluice {
namespace {

constexpr int64_t seconds_a_day = 86'400;
constexpr int64_t ns_a_second = 1'000'000'000;

bool leap(int32_t year) {
  return year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
}

uint32_t days_in_month(int32_t year, uint32_t month) {
  constexpr uint8_t days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
  return month == 2 && leap(year) ? 29 : days[month - 1];
}

// Digits of fixed width; anything that is no digit sets bit 8 or above of `wrong`.
struct Digits {
  const char* at;
  uint32_t wrong = 0;
  uint32_t one(size_t i) {
    const uint32_t digit = static_cast<uint8_t>(at[i]) - uint32_t{'0'};
    wrong |= digit > 9;
    return digit;
  }
  uint32_t two(size_t i) { return one(i) * 10 + one(i + 1); }
};

// The date at the front of a text of at least 10 bytes.
bool read_date(std::string_view text, CivilTime& out) {
  Digits digits{text.data()};
  const uint32_t year = digits.two(0) * 100 + digits.two(2);
  const uint32_t month = digits.two(5), day = digits.two(8);
  if (digits.wrong || text[4] != '-' || text[7] != '-') return false;
  out.year = static_cast<int32_t>(year);
  if (month < 1 || month > 12 || day < 1 || (day > 28 && day > days_in_month(out.year, month))) {
    return false;
  }
  out.month = static_cast<uint8_t>(month);
  out.day = static_cast<uint8_t>(day);
  return true;
}

// What follows the seconds: a fraction, an offset.
bool read_rest(std::string_view rest, ZonedTime& out) {
  if (!rest.empty() && rest[0] == '.') {
    size_t i = 1;
    uint32_t fraction = 0, scale = 100'000'000;
    for (; i < rest.size() && rest[i] >= '0' && rest[i] <= '9'; ++i) {
      fraction += static_cast<uint32_t>(rest[i] - '0') * scale;
      scale /= 10;  // 0 behind the ninth digit: what follows is cut
    }
    if (i == 1) return false;
    out.civil.nanosecond = fraction;
    rest.remove_prefix(i);
  }
  if (rest.empty() || rest == "Z" || rest == "z") return true;
  if (rest.size() != 6 || (rest[0] != '+' && rest[0] != '-') || rest[3] != ':') return false;
  Digits digits{rest.data()};
  const uint32_t hours = digits.two(1), minutes = digits.two(4);
  if (digits.wrong || hours > 23 || minutes > 59) return false;
  out.offset_seconds = static_cast<int32_t>(hours * 3600 + minutes * 60);
  if (rest[0] == '-') out.offset_seconds = -out.offset_seconds;
  return true;
}

// Monday is 1, Sunday 7.
int64_t weekday(int64_t days) {
  return ((days + 3) % 7 + 7) % 7 + 1;
}

int64_t day_of_year(const CivilTime& time) {
  return days_from_civil(time.year, time.month, time.day) - days_from_civil(time.year, 1, 1) + 1;
}

// ISO 8601: the week belongs to the year that its Thursday lies in.
std::pair<int32_t, int64_t> iso_week(const CivilTime& time) {
  const int64_t days = days_from_civil(time.year, time.month, time.day);
  const int64_t thursday = days - weekday(days) + 4;
  const CivilTime in = civil_from_seconds(thursday * seconds_a_day);
  return {in.year, (day_of_year(in) - 1) / 7 + 1};
}

void append_letter(char letter, const CivilTime& time, std::string& out) {
  switch (letter) {
    case 'Y':
      append_padded(static_cast<uint64_t>(std::max(time.year, 0)), 4, out);
      break;
    case 'm':
      append_padded(time.month, 2, out);
      break;
    case 'd':
      append_padded(time.day, 2, out);
      break;
    case 'H':
      append_padded(time.hour, 2, out);
      break;
    case 'M':
      append_padded(time.minute, 2, out);
      break;
    case 'S':
      append_padded(time.second, 2, out);
      break;
    case 'j':
      append_padded(static_cast<uint64_t>(day_of_year(time)), 3, out);
      break;
    case 'G':
      append_padded(static_cast<uint64_t>(iso_week(time).first), 4, out);
      break;
    case 'V':
      append_padded(static_cast<uint64_t>(iso_week(time).second), 2, out);
      break;
    default:
      break;
  }
}

uint8_t bit(TimePart part) {
  return static_cast<uint8_t>(part);
}

// The parts that a letter writes; nothing if there is no such letter.
std::optional<uint8_t> parts_of(char letter) {
  switch (letter) {
    case 'Y':
      return bit(TimePart::year);
    case 'm':
      return bit(TimePart::month);
    case 'd':
      return bit(TimePart::day);
    case 'H':
      return bit(TimePart::hour);
    case 'M':
      return bit(TimePart::minute);
    case 'S':
      return bit(TimePart::second);
    case 'j':
      return bit(TimePart::day_of_year);
    case 'G':
    case 'V':
      return bit(TimePart::week);
    default:
      return std::nullopt;
  }
}

}  // namespace

// Howard Hinnant's algorithms, https://howardhinnant.github.io/date_algorithms.html
int64_t days_from_civil(int32_t year, uint32_t month, uint32_t day) {
  year -= month <= 2;
  const int32_t era = (year >= 0 ? year : year - 399) / 400;
  const uint32_t of_era = static_cast<uint32_t>(year - era * 400);
  const uint32_t of_year = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1;
  const uint32_t day_of_era = of_era * 365 + of_era / 4 - of_era / 100 + of_year;
  return int64_t{era} * 146'097 + day_of_era - 719'468;
}

int64_t seconds_from_civil(const CivilTime& time) {
  return days_from_civil(time.year, time.month, time.day) * seconds_a_day + time.hour * 3600 +
         time.minute * 60 + time.second;
}

CivilTime civil_from_seconds(int64_t seconds, uint32_t nanosecond) {
  int64_t days = seconds / seconds_a_day;
  int64_t of_day = seconds % seconds_a_day;
  if (of_day < 0) {
    of_day += seconds_a_day;
    --days;
  }
  days += 719'468;
  const int64_t era = (days >= 0 ? days : days - 146'096) / 146'097;
  const uint32_t of_era = static_cast<uint32_t>(days - era * 146'097);
  const uint32_t year_of_era = (of_era - of_era / 1460 + of_era / 36'524 - of_era / 146'096) / 365;
  const uint32_t of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
  const uint32_t shifted_month = (5 * of_year + 2) / 153;
  CivilTime out;
  out.day = static_cast<uint8_t>(of_year - (153 * shifted_month + 2) / 5 + 1);
  out.month = static_cast<uint8_t>(shifted_month < 10 ? shifted_month + 3 : shifted_month - 9);
  out.year = static_cast<int32_t>(year_of_era + era * 400) + (out.month <= 2);
  out.hour = static_cast<uint8_t>(of_day / 3600);
  out.minute = static_cast<uint8_t>(of_day / 60 % 60);
  out.second = static_cast<uint8_t>(of_day % 60);
  out.nanosecond = nanosecond;
  return out;
}

CivilTime to_civil(WallTime at, int32_t offset_seconds) {
  int64_t seconds = at.ns / ns_a_second;
  int64_t rest = at.ns % ns_a_second;
  if (rest < 0) {
    rest += ns_a_second;
    --seconds;
  }
  return civil_from_seconds(seconds + offset_seconds, static_cast<uint32_t>(rest));
}

WallTime to_wall(int64_t seconds, uint32_t nanosecond) {
  constexpr int64_t most = std::numeric_limits<int64_t>::max() / ns_a_second - 1;
  if (seconds > most) return {std::numeric_limits<int64_t>::max()};
  if (seconds < -most) return {std::numeric_limits<int64_t>::min() + 1};  // min itself: no time
  return {seconds * ns_a_second + nanosecond};
}

WallTime to_wall(const CivilTime& utc) {
  return to_wall(seconds_from_civil(utc), utc.nanosecond);
}

std::optional<ZonedTime> parse_zoned_time(std::string_view text) {
  ZonedTime out;
  if (text.size() < 19 || !read_date(text, out.civil)) return std::nullopt;
  if (text[10] != 'T' && text[10] != 't' && text[10] != ' ') return std::nullopt;
  Digits digits{text.data()};
  const uint32_t hour = digits.two(11), minute = digits.two(14), second = digits.two(17);
  if (digits.wrong || text[13] != ':' || text[16] != ':') return std::nullopt;
  if (hour > 23 || minute > 59 || second > 60) return std::nullopt;
  out.civil.hour = static_cast<uint8_t>(hour);
  out.civil.minute = static_cast<uint8_t>(minute);
  out.civil.second = static_cast<uint8_t>(std::min(second, 59u));
  if (text.size() == 20 && text[19] == 'Z') return out;  // The commonest
  if (!read_rest(text.substr(19), out)) return std::nullopt;
  return out;
}

std::optional<WallTime> parse_time(std::string_view text) {
  const auto zoned = parse_zoned_time(text);
  if (!zoned) return std::nullopt;
  const WallTime at = to_wall(zoned->seconds(), zoned->civil.nanosecond);
  if (at.ns == std::numeric_limits<int64_t>::max()) return std::nullopt;
  if (at.ns == std::numeric_limits<int64_t>::min() + 1) return std::nullopt;
  return at;
}

std::optional<CivilTime> parse_date(std::string_view text) {
  CivilTime out;
  if (text.size() != 10 || !read_date(text, out)) return std::nullopt;
  return out;
}

std::string format_rfc3339(WallTime at) {
  const CivilTime time = to_civil(at);
  char text[48];
  int size = std::snprintf(text, sizeof text, "%04d-%02u-%02uT%02u:%02u:%02u", time.year,
                           unsigned{time.month}, unsigned{time.day}, unsigned{time.hour},
                           unsigned{time.minute}, unsigned{time.second});
  const uint32_t ns = time.nanosecond;
  char* end = text + size;
  const size_t room = sizeof text - static_cast<size_t>(size);
  if (ns != 0 && ns % 1'000'000 == 0) {
    size += std::snprintf(end, room, ".%03u", ns / 1'000'000);
  } else if (ns != 0 && ns % 1'000 == 0) {
    size += std::snprintf(end, room, ".%06u", ns / 1'000);
  } else if (ns != 0) {
    size += std::snprintf(end, room, ".%09u", ns);
  }
  return std::string(text, static_cast<size_t>(size)) + "Z";
}

Result<TimeFormat> TimeFormat::parse(std::string_view text) {
  TimeFormat out;
  const auto add_text = [&](char c) {
    if (out.pieces_.empty() || out.pieces_.back().letter != 0) out.pieces_.push_back({});
    out.pieces_.back().text += c;
  };
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '%') {
      add_text(text[i]);
      continue;
    }
    if (++i == text.size())
      return Error{ErrorKind::invalid, "a lone % at the end of a time format"};
    if (text[i] == '%') {
      add_text('%');
      continue;
    }
    if (text[i] == 'F') {
      out.pieces_.insert(out.pieces_.end(), {{'Y', ""}, {0, "-"}, {'m', ""}, {0, "-"}, {'d', ""}});
      out.parts_ |= bit(TimePart::year) | bit(TimePart::month) | bit(TimePart::day);
      continue;
    }
    const auto parts = parts_of(text[i]);
    if (!parts) {
      return Error{ErrorKind::invalid, "%" + std::string(1, text[i]) +
                                           " is not one of %Y %m %d %H %M %S %j %F %G %V %%"};
    }
    out.pieces_.push_back({text[i], ""});
    out.parts_ |= *parts;
  }
  if (out.parts_ == 0)
    return Error{ErrorKind::invalid, "a time format without any of %Y %m %d ..."};
  return out;
}

void TimeFormat::append(const CivilTime& time, std::string& out) const {
  for (const Piece& piece : pieces_) {
    if (piece.letter == 0) {
      out += piece.text;
    } else {
      append_letter(piece.letter, time, out);
    }
  }
}

std::string format_time(const TimeFormat& format, WallTime at, const TimeZone& zone) {
  const CivilTime utc = to_civil(at);
  std::string out;
  format.append(zone.civil(seconds_from_civil(utc), utc.nanosecond), out);
  return out;
}

}  // namespace sluice
