#include "http_server/times.h"

#include "base/text.h"
#include "base/time.h"

namespace sluice::http_server {

void append_http_date(int64_t seconds, std::string& out) {
  static constexpr std::string_view days = "ThuFriSatSunMonTueWed";  // 1970 began on a Thursday.
  static constexpr std::string_view months = "JanFebMarAprMayJunJulAugSepOctNovDec";
  const CivilTime time = civil_from_seconds(seconds);
  const auto day = static_cast<size_t>(seconds / 86'400 % 7);
  out += days.substr(day * 3, 3);
  out += ", ";
  append_padded(time.day, 2, out);
  out += ' ';
  out += months.substr((time.month - 1U) * 3, 3);
  out += ' ';
  append_padded(static_cast<uint64_t>(time.year), 4, out);
  out += ' ';
  append_padded(time.hour, 2, out);
  out += ':';
  append_padded(time.minute, 2, out);
  out += ':';
  append_padded(time.second, 2, out);
  out += " GMT";
}

void append_iso_date(int64_t seconds, std::string& out) {
  const CivilTime time = civil_from_seconds(seconds);
  append_padded(static_cast<uint64_t>(time.year), 4, out);
  out += '-';
  append_padded(time.month, 2, out);
  out += '-';
  append_padded(time.day, 2, out);
  out += 'T';
  append_padded(time.hour, 2, out);
  out += ':';
  append_padded(time.minute, 2, out);
  out += ':';
  append_padded(time.second, 2, out);
  out += ".000Z";
}

void append_amz_date(int64_t seconds, std::string& out) {
  const CivilTime time = civil_from_seconds(seconds);
  append_padded(static_cast<uint64_t>(time.year), 4, out);
  append_padded(time.month, 2, out);
  append_padded(time.day, 2, out);
  out += 'T';
  append_padded(time.hour, 2, out);
  append_padded(time.minute, 2, out);
  append_padded(time.second, 2, out);
  out += 'Z';
}

std::optional<int64_t> parse_amz_date(std::string_view text) {
  if (text.size() != 16 || text[8] != 'T' || text[15] != 'Z') return std::nullopt;
  const auto year = parse_number<int32_t>(text.substr(0, 4));
  const auto month = parse_number<uint8_t>(text.substr(4, 2));
  const auto day = parse_number<uint8_t>(text.substr(6, 2));
  const auto hour = parse_number<uint8_t>(text.substr(9, 2));
  const auto minute = parse_number<uint8_t>(text.substr(11, 2));
  const auto second = parse_number<uint8_t>(text.substr(13, 2));
  if (!year || !month || !day || !hour || !minute || !second) return std::nullopt;
  if (*month < 1 || *month > 12 || *day < 1 || *day > 31) return std::nullopt;
  return seconds_from_civil({*year, *month, *day, *hour, *minute, *second});
}

}  // namespace sluice::http_server
