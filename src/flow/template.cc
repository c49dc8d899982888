#include "flow/template.h"

#include <algorithm>
#include <array>
#include <cmath>

#include "base/nearest.h"
#include "base/text.h"
#include "flow/incremental.h"
#include "json/value.h"

namespace sluice {
namespace {

// File systems' limit for one name; S3 has none.
// https://man7.org/linux/man-pages/man3/limits.h.0p.html: NAME_MAX
constexpr size_t segment_bytes_max = 255;
// https://docs.aws.amazon.com/AmazonS3/latest/userguide/object-keys.html: "The maximum length ...
// is 1,024 bytes"; some of it is the lake's own prefix and the file's name.
constexpr size_t place_bytes_max = 700;

// Hive's set: org.apache.hadoop.hive.common.FileUtils.charToEscape.
constexpr std::array<bool, 256> make_escaped() {
  std::array<bool, 256> escaped{};
  for (size_t c = 0; c < 0x20; ++c) escaped[c] = true;
  for (const char c :
       {'"', '#', '%', '\'', '*', '/', ':', '=', '?', '\\', '{', '[', ']', '^', '\x7F'}) {
    escaped[static_cast<uint8_t>(c)] = true;
  }
  return escaped;
}
constexpr std::array<bool, 256> escaped_in_keys = make_escaped();

Error corrupt(std::string message) {
  return {ErrorKind::corrupt, std::move(message)};
}

// The text of a raw JSON value: where it lies, or decoded into `decoded`. Nothing if it is no
// value.
std::optional<std::string_view> value_text(std::string_view raw, std::string& decoded) {
  if (raw.size() > 2 && raw.front() == '"' && raw.find('\\') == std::string_view::npos) {
    return raw.substr(1, raw.size() - 2);
  }
  decoded.clear();
  if (!json::append_text(raw, decoded)) return std::nullopt;
  return decoded;
}

struct Moment {
  int64_t seconds = 0;  // Since 1970 UTC
  uint32_t nanosecond = 0;
};

// "1707386400", "-1.5": a number of steps of `step_ns`. No exponents, no more digits than time has.
std::optional<Moment> parse_steps(std::string_view text, int64_t step_ns) {
  const bool negative = !text.empty() && text[0] == '-';
  if (negative) text.remove_prefix(1);
  const size_t point = std::min(text.find('.'), text.size());
  const auto whole = parse_number<uint64_t>(text.substr(0, point));
  if (!whole) return std::nullopt;
  const auto steps_a_second = static_cast<uint64_t>(1'000'000'000 / step_ns);
  constexpr uint64_t seconds_max = 253'402'300'799;  // 9999-12-31T23:59:59Z
  if (*whole / steps_a_second > seconds_max) return std::nullopt;
  double fraction = 0;
  if (point < text.size()) {
    const auto parsed = parse_number<double>("0" + std::string(text.substr(point)));
    if (!parsed || *parsed >= 1) return std::nullopt;
    fraction = *parsed;
  }
  Moment at{static_cast<int64_t>(*whole / steps_a_second), 0};
  auto ns = static_cast<int64_t>(*whole % steps_a_second) * step_ns +
            static_cast<int64_t>(fraction * static_cast<double>(step_ns));
  if (negative) {
    at.seconds = -at.seconds;
    ns = -ns;
    if (ns < 0) {
      ns += 1'000'000'000;
      --at.seconds;
    }
    if (at.seconds < -62'167'219'200) return std::nullopt;  // 0000-01-01T00:00:00Z
  }
  at.nanosecond = static_cast<uint32_t>(ns);
  return at;
}

void append_date(const CivilTime& time, std::string& out) {
  char text[10] = {'0', '0', '0', '0', '-', '0', '0', '-', '0', '0'};
  const auto put = [&](size_t at, uint32_t two) {
    text[at] = static_cast<char>('0' + two / 10);
    text[at + 1] = static_cast<char>('0' + two % 10);
  };
  const auto year = static_cast<uint32_t>(std::clamp(time.year, 0, 9999));
  put(0, year / 100);
  put(2, year % 100);
  put(5, time.month);
  put(8, time.day);
  out.append(text, sizeof text);
}

// Looks at the segments of a rendered key, from `begin` on.
Status mind_segments(size_t begin, std::string& out) {
  for (;;) {
    const size_t end = std::min(out.find('/', begin), out.size());
    const std::string_view segment = std::string_view(out).substr(begin, end - begin);
    if (segment.size() > segment_bytes_max) {
      return corrupt("a name of " + std::to_string(segment.size()) +
                     " bytes, over 255: " + excerpt(segment));
    }
    if (segment == "." || segment == "..") {
      const std::string safe = segment == "." ? "%2E" : "%2E%2E";
      out.replace(begin, segment.size(), safe);
      begin += safe.size();
    } else {
      begin = end;
    }
    if (begin >= out.size()) return {};
    ++begin;
  }
}

}  // namespace

void append_key_escaped(std::string_view value, std::string& out) {
  constexpr char digits[] = "0123456789ABCDEF";
  for (const char c : value) {
    const auto byte = static_cast<uint8_t>(c);
    if (escaped_in_keys[byte]) {
      const char text[3] = {'%', digits[byte >> 4], digits[byte & 15]};
      out.append(text, 3);
    } else {
      out += c;
    }
  }
}

bool Template::uses_unit() const {
  return std::any_of(pieces_.begin(), pieces_.end(),
                     [](const Piece& piece) { return piece.kind == Piece::Kind::unit; });
}

bool Template::uses_n() const {
  return std::any_of(pieces_.begin(), pieces_.end(),
                     [](const Piece& piece) { return piece.kind == Piece::Kind::n; });
}

bool Template::uses_run() const {
  return std::any_of(pieces_.begin(), pieces_.end(), [](const Piece& piece) {
    return piece.kind == Piece::Kind::run_started || piece.kind == Piece::Kind::run_id;
  });
}

bool Template::uses_since() const {
  return std::any_of(pieces_.begin(), pieces_.end(),
                     [](const Piece& piece) { return piece.kind == Piece::Kind::since; });
}

bool Template::formats_since() const {
  return std::any_of(pieces_.begin(), pieces_.end(), [](const Piece& piece) {
    return piece.kind == Piece::Kind::since &&
           (piece.format || piece.writes_offset != Piece::Offset::none);
  });
}

uint8_t Template::unit_time_parts() const {
  uint8_t parts = 0;
  for (const Piece& piece : pieces_) {
    if (piece.kind == Piece::Kind::unit && piece.format) parts |= piece.format->parts();
  }
  return parts;
}

Status Template::check_unit_formats(uint8_t known) const {
  for (const Piece& piece : pieces_) {
    const bool is_time = piece.format || piece.writes_offset != Piece::Offset::none;
    if (piece.kind != Piece::Kind::unit || !is_time) continue;
    const std::string at = "at " + std::to_string(piece.offset) + ": {" + piece.text + "}";
    if (known == 0) {
      return Error{ErrorKind::invalid, at + " needs units of time; {unit} is the unit's id"};
    }
    if (!piece.exact && (piece.format->parts() & ~known) != 0) {
      return Error{ErrorKind::invalid, at + " is finer than the job's units" +
                                           (piece.end ? "; {unit.end} is the moment, in UTC" : "")};
    }
  }
  return {};
}

namespace {

// A time as some value's text says it, in the template's zone.
std::optional<CivilTime> read_time(std::string_view text, int64_t number_ns, const TimeZone& zone,
                                   int64_t* time_ns) {
  Moment at;
  if (number_ns == 0) {
    const auto zoned = parse_zoned_time(text);
    if (!zoned) return std::nullopt;
    if (zoned->offset_seconds == 0 && zone.is_utc()) {  // The commonest: as it is written
      if (time_ns != nullptr) *time_ns = to_wall(zoned->civil).ns;
      return zoned->civil;
    }
    at = {zoned->seconds(), zoned->civil.nanosecond};
  } else {
    const auto steps = parse_steps(text, number_ns);
    if (!steps) return std::nullopt;
    at = *steps;
  }
  if (time_ns != nullptr) *time_ns = to_wall(at.seconds, at.nanosecond).ns;
  const CivilTime civil = zone.civil(at.seconds, at.nanosecond);
  if (civil.year < 0 || civil.year > 9999) return std::nullopt;  // Pushed out by its offset
  return civil;
}

// "+0100", "+01:00"
void append_offset(Template::Piece::Offset form, int32_t offset_seconds, std::string& out) {
  const auto minutes = static_cast<uint64_t>(std::abs(offset_seconds) / 60);
  out += offset_seconds < 0 ? '-' : '+';
  append_padded(minutes / 60, 2, out);
  if (form == Template::Piece::Offset::extended) out += ':';
  append_padded(minutes % 60, 2, out);
}

void append_time(const Template::Piece& piece, const CivilTime& time, std::string& out) {
  if (piece.plain_date) {
    append_date(time, out);
  } else {
    piece.format->append(time, out);
  }
}

Error not_a_time(std::string_view name, std::string_view text, int64_t number_ns) {
  std::string message = std::string(name) + " is not a time: \"" + excerpt(text) + "\"";
  const bool digits = !text.empty() && text.find_first_not_of("0123456789.-") == text.npos;
  if (number_ns == 0 && digits) message += " (numbers need s, ms, us or ns: \"s:%F\")";
  return corrupt(std::move(message));
}

std::string_view why_no_value(std::string_view raw) {
  if (raw == "\"\"") return "an empty string";
  return json::describe(json::kind(raw));
}

}  // namespace

// Long because it is one case after another, and the hot path: each is a few lines.
Status Template::append_piece(const Piece& piece, const Context& context, Escape escape,
                              std::string& out, int64_t* time_ns) const {
  const auto put = [&](std::string_view value) {
    if (escape == Escape::key) {
      append_key_escaped(value, out);
    } else {
      out += value;
    }
  };
  const auto put_time = [&](WallTime at) {
    const CivilTime utc = to_civil(at);
    const int64_t seconds = seconds_from_civil(utc);
    if (piece.writes_offset != Piece::Offset::none) {
      append_offset(piece.writes_offset, piece.utc ? 0 : zone_.offset_at(seconds), out);
    } else {
      append_time(piece, piece.utc ? utc : zone_.civil(seconds, utc.nanosecond), out);
    }
  };
  const bool is_time = piece.format || piece.writes_offset != Piece::Offset::none;
  switch (piece.kind) {
    case Piece::Kind::text:
      out += piece.text;
      return {};
    case Piece::Kind::field:
    case Piece::Kind::path: {
      std::string decoded;
      std::string_view text;
      if (piece.kind == Piece::Kind::path) {
        text = context.paths[piece.index];
      } else {
        const auto& raw = context.fields[piece.index];
        if (!raw) return corrupt("no " + json::to_string(fields_[piece.index]));
        const auto value = value_text(*raw, decoded);
        if (!value) {
          return corrupt(json::to_string(fields_[piece.index]) + " is " +
                         std::string(why_no_value(*raw)));
        }
        text = *value;
      }
      if (!piece.format) {
        put(text);
        return {};
      }
      const auto time = read_time(text, piece.number_ns, zone_, time_ns);
      if (!time) {
        return not_a_time(piece.kind == Piece::Kind::path ? "path." + path_names_[piece.index]
                                                          : json::to_string(fields_[piece.index]),
                          text, piece.number_ns);
      }
      append_time(piece, *time, out);
      return {};
    }
    case Piece::Kind::unit:
      if (const auto& at = piece.end ? context.unit->end : context.unit->start;
          !is_time && !piece.end) {
        put(context.unit->id);
      } else if (at && is_time) {
        put_time(*at);
      } else if (at) {
        put(format_rfc3339(*at));
      } else {
        return corrupt("unit " + context.unit->id + " has no time for {" + piece.text + "}");
      }
      return {};
    case Piece::Kind::since: {
      const Since* since = context.unit->since;
      if (since == nullptr) return corrupt("{since}: the source is not incremental");
      if (is_time) {
        put_time({since->from});
      } else {
        put(print_cursor(since->from, since->job.kind));
      }
      return {};
    }
    case Piece::Kind::run_started:
      if (is_time) {
        put_time(context.unit->run_started);
      } else {
        put(format_rfc3339(context.unit->run_started));
      }
      return {};
    case Piece::Kind::run_id:
      put(context.unit->run_id);
      return {};
    case Piece::Kind::n:
      if (context.n == n_open) {
        out += n_mark;
      } else {
        append_padded(context.n, 5, out);
      }
      return {};
  }
  return {};
}

std::string Template::render_unit(const Piece& piece, const UnitNames& unit) const {
  std::string out;
  const Status status = append_piece(piece, {.unit = &unit}, Escape::key, out, nullptr);
  ENSURE(status.ok());  // Formats were checked against the units
  return out;
}

Status Template::render(const Context& context, Escape escape, std::string& out,
                        int64_t* time_ns) const {
  const size_t begin = out.size();
  ENSURE(context.fields.size() >= fields_.size() && context.paths.size() >= path_names_.size());
  for (const Piece& piece : pieces_) {
    // Only the first field with a format is the record's own time.
    const bool own = piece.kind == Piece::Kind::field && time_field_ == piece.index && piece.format;
    Status status = append_piece(piece, context, escape, out, own ? time_ns : nullptr);
    if (!status.ok()) {
      out.resize(begin);
      return status;
    }
  }
  if (escape == Escape::key && free_values_) {
    Status status = mind_segments(begin, out);
    if (status.ok() && out.size() - begin > place_bytes_max) {
      status = corrupt("a key of " + std::to_string(out.size() - begin) + " bytes, over 700");
    }
    if (!status.ok()) out.resize(begin);
    return status;
  }
  return {};
}

}  // namespace sluice
