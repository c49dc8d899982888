// The parser of flow/template.h.
#include <algorithm>
#include <array>
#include <utility>

#include "base/nearest.h"
#include "base/text.h"
#include "flow/template.h"

namespace sluice {
namespace {

constexpr size_t template_bytes_max = 64 << 10;

Error wrong(size_t offset, std::string_view why) {
  return {ErrorKind::invalid, "at " + std::to_string(offset) + ": " + std::string(why)};
}

bool is_word_letter(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
         c == '-';
}

// "s:", "ms:", "us:", "ns:" in front of a format: what a number counts. 0 if there is none.
int64_t take_number_unit(std::string_view& format) {
  constexpr std::pair<std::string_view, int64_t> units[] = {
      {"s:", 1'000'000'000}, {"ms:", 1'000'000}, {"us:", 1'000}, {"ns:", 1}};
  for (const auto& [name, step_ns] : units) {
    if (format.starts_with(name)) {
      format.remove_prefix(name.size());
      return step_ns;
    }
  }
  return 0;
}

// Where in a format the next %z or %:z is; its size if there is none.
size_t next_offset(std::string_view format) {
  for (size_t at = format.find('%'); at < format.size(); at = format.find('%', at + 2)) {
    const std::string_view letters = format.substr(at + 1, 2);
    if (letters.starts_with('z') || letters == ":z") return at;
  }
  return format.size();
}
bool has_offset(std::string_view format) {
  return next_offset(format) < format.size();
}

}  // namespace

class TemplateParser {
 public:
  TemplateParser(std::string_view text, TemplateUse use, TimeZone zone) : text_(text), use_(use) {
    out_.text_ = text;
    out_.zone_ = std::move(zone);
  }

  Result<Template> parse() {
    if (text_.size() > template_bytes_max) return wrong(template_bytes_max, "too long a template");
    while (at_ < text_.size()) {
      const char c = text_[at_];
      if (use_ == TemplateUse::body && !begins_hole(text_.substr(at_))) {
        add_text(c);
        ++at_;
        continue;
      }
      const bool doubled = at_ + 1 < text_.size() && text_[at_ + 1] == c;
      if ((c == '{' || c == '}') && doubled) {
        add_text(c);
        at_ += 2;
      } else if (c == '{') {
        TRY(hole());
      } else if (c == '}') {
        return wrong(at_, "a lone }; write }} for a brace in the text");
      } else {
        add_text(c);
        ++at_;
      }
    }
    if (is_key()) TRY(check_key());
    return std::move(out_);
  }

 private:
  using Piece = Template::Piece;

  bool is_key() const { return use_ == TemplateUse::partition || use_ == TemplateUse::name; }

  // In a body.
  static bool begins_hole(std::string_view rest) {
    constexpr std::string_view beginnings[] = {"{unit}",  "{unit:",  "{unit.end",
                                               "{since}", "{since:", "{run."};
    const auto begins = [&](std::string_view word) { return rest.starts_with(word); };
    return std::ranges::any_of(beginnings, begins) && rest.find('}') != rest.npos;
  }

  void add_text(char c) {
    if (out_.pieces_.empty() || out_.pieces_.back().kind != Piece::Kind::text) {
      out_.pieces_.push_back({.kind = Piece::Kind::text, .offset = at_});
    }
    out_.pieces_.back().text += c;
  }

  // "{" ref [":" format] "}"
  Status hole() {
    Piece piece{.offset = at_};
    ++at_;
    TRY(ref(piece));
    if (at_ < text_.size() && text_[at_] == ':') {
      ++at_;
      TRY(format(piece));
    }
    if (at_ >= text_.size()) return wrong(piece.offset, "{ without its }");
    if (text_[at_] != '}') {
      return wrong(at_, "expected : or } here, not `" + excerpt(text_.substr(at_, 8)) + "`");
    }
    piece.text = text_.substr(piece.offset + 1, at_ - piece.offset - 1);
    ++at_;
    const bool value = piece.kind == Piece::Kind::field || piece.kind == Piece::Kind::path;
    if (piece.kind == Piece::Kind::field && piece.format && !out_.time_field_) {
      out_.time_field_ = piece.index;
    }
    if ((value || piece.kind == Piece::Kind::unit) && !piece.format) out_.free_values_ = true;
    if (!exact_.empty()) return exact_time(piece);
    out_.pieces_.push_back(std::move(piece));
    return {};
  }

  Status ref(Piece& piece) {
    if (at_ < text_.size() && (text_[at_] == '.' || text_[at_] == '/')) return field(piece);
    const size_t begin = at_;
    while (at_ < text_.size() && (is_word_letter(text_[at_]) || text_[at_] == '.')) ++at_;
    const std::string_view word = text_.substr(begin, at_ - begin);
    if (word.starts_with("path.") && word.size() > 5 && word.find('.', 5) == word.npos) {
      piece.kind = Piece::Kind::path;
      piece.index = number_of(std::string(word.substr(5)), out_.path_names_);
      return {};
    }
    if (word == "unit") {
      piece.kind = Piece::Kind::unit;
      return {};
    }
    if (word == "unit.end") {
      piece.kind = Piece::Kind::unit;
      piece.end = true;
      if (is_key()) return wrong(begin, "{unit.end} can't be in a key");
      return {};
    }
    if (word == "since") {
      piece.kind = Piece::Kind::since;
      if (use_ != TemplateUse::request && use_ != TemplateUse::body)
        return wrong(begin, "{since} belongs into what an incremental source asks for");
      return {};
    }
    if (word == "n") {
      piece.kind = Piece::Kind::n;
      if (use_ != TemplateUse::name) return wrong(begin, "{n} belongs in `name:` only");
      return {};
    }
    if (word == "run.started" || word == "run.id") {
      piece.kind = word == "run.id" ? Piece::Kind::run_id : Piece::Kind::run_started;
      if (is_key()) {
        return wrong(begin, "{" + std::string(word) +
                                "} can't be in a key: a second attempt would write to other keys");
      }
      return {};
    }
    constexpr std::array<std::string_view, 5> words = {"unit", "n", "run.started", "run.id",
                                                       "path.x"};
    std::string why =
        "{" + excerpt(word) + "} is not a field (.a), path.x, unit, run.started, run.id or n";
    if (!word.empty() && word.find('.') == word.npos && !nearest(word, words)) {
      why += "; a field begins with a dot: {." + excerpt(word) + "}";
    } else if (const auto meant = nearest(word, words)) {
      why += "; did you mean {" + std::string(*meant) + "}?";
    }
    return wrong(begin, why);
  }

  Status field(Piece& piece) {
    const size_t begin = at_;
    auto prefix = json::path_prefix(text_.substr(at_));
    if (!prefix.ok()) return std::move(prefix.error()).in("at " + std::to_string(begin));
    at_ += prefix->length;
    piece.kind = Piece::Kind::field;
    piece.index = number_of(std::move(prefix->path), out_.fields_);
    return {};
  }

  Status format(Piece& piece) {
    const size_t begin = at_;
    const size_t end = text_.find('}', at_);
    if (end == std::string_view::npos) return wrong(piece.offset, "{ without its }");
    if (piece.kind == Piece::Kind::n || piece.kind == Piece::Kind::run_id) {
      return wrong(begin, "n and run.id have no time to be formatted");
    }
    std::string_view format = text_.substr(begin, end - begin);
    piece.number_ns = take_number_unit(format);
    if (piece.number_ns != 0 &&
        (piece.kind == Piece::Kind::unit || piece.kind == Piece::Kind::since ||
         piece.kind == Piece::Kind::run_started)) {
      return wrong(begin, "s, ms, us and ns are for numbers in fields");
    }
    at_ = end;
    if (format.starts_with("utc:") || has_offset(format)) {
      if (is_key()) return wrong(begin, "utc: and %z are for values and requests, not for keys");
      if (piece.kind == Piece::Kind::field || piece.kind == Piece::Kind::path)
        return wrong(begin, "utc: and %z are for the times of the unit, the run and {since}");
      exact_ = format;
      return {};
    }
    auto parsed = TimeFormat::parse(format);
    if (!parsed.ok()) return wrong(begin, parsed.error().message);
    piece.format = std::move(*parsed);
    piece.plain_date = format == "%F";
    piece.slashes = static_cast<size_t>(std::count(format.begin(), format.end(), '/'));
    return {};
  }

  // A time with "utc:" or an offset: what stands between its offsets are pieces of their own.
  Status exact_time(Piece piece) {
    std::string_view rest = std::exchange(exact_, {});
    piece.exact = true;
    piece.utc = rest.starts_with("utc:");
    if (piece.utc) rest.remove_prefix(4);
    do {
      const size_t at = next_offset(rest);
      // Beside an offset there may be text alone.
      if (at == rest.size() || rest.substr(0, at).find('%') != rest.npos) {
        Piece time = piece;
        auto parsed = TimeFormat::parse(rest.substr(0, at));
        if (!parsed.ok()) return wrong(piece.offset, parsed.error().message);
        time.format = std::move(*parsed);
        out_.pieces_.push_back(std::move(time));
      } else {
        for (const char c : rest.substr(0, at)) add_text(c);
      }
      if (at >= rest.size()) return {};
      piece.writes_offset = rest[at + 1] == ':' ? Piece::Offset::extended : Piece::Offset::basic;
      out_.pieces_.push_back(piece);
      rest.remove_prefix(at + (rest[at + 1] == ':' ? 3 : 2));
      piece.writes_offset = Piece::Offset::none;
    } while (!rest.empty());
    return {};
  }

  // A key has no empty segment, no "." or ".." of the author's own, and nothing unprintable; in a
  // time's format neither.
  Status check_key() {
    std::string shape;            // Holes as one letter that nothing else is, times as one of them
    std::vector<size_t> offsets;  // Of each byte of `shape`
    constexpr char hole = '\x02';
    for (const Piece& piece : out_.pieces_) {
      if (piece.kind != Piece::Kind::text && !piece.format) {
        shape += hole;
        offsets.push_back(piece.offset);
        continue;
      }
      const std::string text = piece.format ? format_time(*piece.format, WallTime{0}) : piece.text;
      for (size_t i = 0; i < text.size(); ++i) {
        const auto byte = static_cast<uint8_t>(text[i]);
        const size_t offset = piece.offset + (piece.format ? 0 : i);
        if (byte < 0x20 || byte == 0x7F) return wrong(offset, "a control character in a key");
        shape += text[i];
        offsets.push_back(offset);
      }
    }
    offsets.push_back(text_.size());
    const bool whole = use_ == TemplateUse::name;
    if (whole && shape.empty()) return wrong(0, "a name can't be empty");
    for (size_t begin = 0; begin < shape.size();) {
      const size_t end = std::min(shape.find('/', begin), shape.size());
      const std::string_view segment = std::string_view(shape).substr(begin, end - begin);
      if (segment.empty()) return wrong(offsets[begin], "an empty segment: a / too many");
      if (segment == "." || segment == "..") {
        return wrong(offsets[begin],
                     "\"" + std::string(segment) + "\" can't be a segment of a key");
      }
      if (whole && end + 1 == shape.size()) return wrong(offsets[end], "a name can't end with /");
      begin = end + 1;
    }
    return {};
  }

  template <class T>
  static size_t number_of(T wanted, std::vector<T>& known) {
    const auto found = std::find(known.begin(), known.end(), wanted);
    const auto number = static_cast<size_t>(found - known.begin());
    if (found == known.end()) known.push_back(std::move(wanted));
    return number;
  }

  std::string_view text_;
  TemplateUse use_;
  size_t at_ = 0;
  std::string_view exact_;  // The format of the present hole, if it is to be written exactly
  Template out_;
};

Result<Template> Template::parse(std::string_view text, TemplateUse use, TimeZone zone) {
  return TemplateParser(text, use, std::move(zone)).parse();
}

}  // namespace sluice
