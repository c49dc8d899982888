#include "flow/output_names.h"

#include <algorithm>

#include "base/text.h"

namespace sluice {
namespace {

using Piece = Template::Piece;
using Kind = Template::Piece::Kind;

bool is_free(const Piece& piece) {
  return piece.kind == Kind::field || piece.kind == Kind::path;
}

bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

// The pieces between two "/" of the template's own text. Values have none, so a key has as many
// segments as its template, and each segment can be read by itself.
std::vector<std::vector<Piece>> segments_of(const Template& whole) {
  std::vector<std::vector<Piece>> segments(1);
  for (const Piece& piece : whole.pieces()) {
    if (piece.kind != Kind::text) {
      segments.back().push_back(piece);
      continue;
    }
    const auto words = split(piece.text, '/');
    for (size_t i = 0; i < words.size(); ++i) {
      if (i > 0) segments.emplace_back();
      if (!words[i].empty()) {
        segments.back().push_back(
            {.kind = Kind::text, .offset = piece.offset, .text = std::string(words[i])});
      }
    }
  }
  return segments;
}

// Can the unit be read out of this segment? Not if a value beside it could hold anything, nor if a
// number could run into it.
bool tells(const std::vector<Piece>& segment) {
  if (std::any_of(segment.begin(), segment.end(), is_free)) return false;
  for (size_t i = 0; i < segment.size(); ++i) {
    if (segment[i].kind != Kind::n) continue;
    if (i > 0) {
      const Piece& before = segment[i - 1];
      if (before.kind != Kind::text || is_digit(before.text.back())) return false;
    }
    if (i + 1 < segment.size()) {
      const Piece& after = segment[i + 1];
      if (after.kind != Kind::text || is_digit(after.text.front())) return false;
    }
  }
  return true;
}

Error invalid(std::string message) {
  return {ErrorKind::invalid, std::move(message)};
}

}  // namespace

std::string unit_token(std::string_view unit_id) {
  std::string token;
  append_key_escaped(unit_id, token);
  if (token == ".") return "%2E";
  if (token == "..") return "%2E%2E";
  return token;
}

OutputNames::OutputNames(Options options)
    : whole_(options.name.has_value()),
      extension_(std::move(options.extension)),
      job_(std::move(options.job)) {
  if (options.name) {
    place_ = std::move(*options.name);
  } else if (options.partition) {
    place_ = std::move(*options.partition);
    const std::string& text = place_.text();
    if (!text.empty() && text.back() != '/') {
      auto folder = Template::parse(text + "/", TemplateUse::partition, place_.zone());
      ENSURE(folder.ok());
      place_ = std::move(*folder);
    }
  }
}

std::string OutputNames::file_word(const UnitNames& unit) const {
  // No job's name has a "~", so the first one ends it.
  return job_.empty() ? unit_token(unit.id) : job_ + "~" + unit_token(unit.id);
}

std::string OutputNames::key(std::string_view place, const UnitNames& unit, uint64_t n) const {
  std::string key(place);
  std::string number;
  append_padded(n, 5, number);
  if (!whole_) return key + file_word(unit) + "-" + number + extension_;
  for (size_t at = key.find(Template::n_mark); at != key.npos;
       at = key.find(Template::n_mark, at + number.size())) {
    key.replace(at, 1, number);
  }
  return key;
}

std::string OutputNames::default_place(const UnitNames& unit) const {
  std::string out;
  for (const Piece& piece : place_.pieces()) {
    if (is_free(piece)) {
      out += "__HIVE_DEFAULT_PARTITION__";
    } else if (piece.kind == Kind::text) {
      out += piece.text;
    } else if (piece.kind == Kind::unit) {
      out += place_.render_unit(piece, unit);
    } else {
      out += Template::n_mark;
    }
  }
  return out;
}

bool OutputNames::numbered() const {
  return !whole_ || place_.uses_n();
}

Status OutputNames::check(uint8_t unit_parts, bool single, bool may_roll) const {
  TRY(place_.check_unit_formats(unit_parts));
  if (!place_.pieces().empty() && place_.pieces().front().text.starts_with(own_folder))
    return invalid("what begins with " + std::string(own_folder) + " is Sluice's own");
  if (!whole_) return {};  // The file's name tells all
  if (!single) TRY(check_unit(unit_parts));
  if (!job_.empty()) TRY(check_job());
  if (place_.uses_n()) return {};
  if (may_roll) return invalid("{n} is missing: with `roll` there may be several objects");
  if (!place_.constant_in_unit()) {
    return invalid(
        "{n} is missing: a name with fields makes many objects, and one may have to be "
        "ended before its last record");
  }
  return {};
}

Status OutputNames::check_unit(uint8_t unit_parts) const {
  const auto bit = [](TimePart part) { return static_cast<uint8_t>(part); };
  uint8_t told = 0;
  for (const auto& segment : segments_of(place_)) {
    if (!tells(segment)) continue;
    for (const Piece& piece : segment) {
      if (piece.kind != Kind::unit) continue;
      if (!piece.format) return {};  // The id itself
      told |= piece.format->parts();
    }
  }
  const bool year = told & bit(TimePart::year);
  const bool day = year && ((told & bit(TimePart::day_of_year)) ||
                            ((told & bit(TimePart::month)) && (told & bit(TimePart::day))));
  const bool hours = unit_parts & bit(TimePart::hour);
  if (unit_parts != 0 && day && (!hours || (told & bit(TimePart::hour)))) return {};
  const std::string say = unit_parts == 0 ? "{unit}"
                          : hours         ? "{unit} or {unit:%F-%H}"
                                          : "{unit} or {unit:%F}";
  return invalid("a key can't tell its unit: put " + say +
                 " into it, with no field in the same segment and text between it and {n}");
}

Status OutputNames::check_job() const {
  for (const auto& segment : segments_of(place_)) {
    if (segment.size() != 1 || segment.front().kind != Kind::text) continue;
    const std::string& text = segment.front().text;
    if (text == job_ || text.ends_with("=" + job_)) return {};
  }
  return invalid("a key can't tell its job, which a shared lake needs: put a segment `" + job_ +
                 "` or `job=" + job_ + "` into it");
}

}  // namespace sluice
