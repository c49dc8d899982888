#include "flow/path_pattern.h"

#include <algorithm>

#include "base/nearest.h"

namespace sluice {
namespace {

constexpr size_t alternatives_max = 64;  // Bits of Alive
constexpr size_t nesting_max = 8;

Error error_at(size_t offset, const std::string& what) {
  return {ErrorKind::invalid, "at " + std::to_string(offset) + ": " + what};
}

bool is_word(char byte) {
  return (byte >= 'a' && byte <= 'z') || (byte >= 'A' && byte <= 'Z') ||
         (byte >= '0' && byte <= '9') || byte == '_' || byte == '-';
}

// How many bytes of the URL open the store.
Result<size_t> store_length(std::string_view url) {
  const size_t scheme = url.find(':');
  const size_t special = std::min(url.find_first_of("{}["), url.size());
  const bool has_scheme =
      scheme != std::string_view::npos && scheme >= 2 && scheme < special &&
      !(url[0] >= '0' && url[0] <= '9') &&
      std::all_of(url.begin(), url.begin() + static_cast<ptrdiff_t>(scheme), is_word);
  if (has_scheme && url.substr(scheme, 3) == "://" && url.substr(0, scheme) != "file") {
    const size_t end = url.find('/', scheme + 3);
    if (std::min(end, url.size()) == scheme + 3) {
      return error_at(scheme + 3, "a name was expected after \"" +
                                      std::string(url.substr(0, scheme + 3)) + "\"");
    }
    if (std::min(end, url.size()) > special) {
      return error_at(special, "the name of the store can't vary: no \"{\", \"}\" or \"[\" in it");
    }
    return end == std::string_view::npos ? url.size() : end + 1;
  }
  if (has_scheme && url.substr(0, scheme) != "file") return scheme + 1;
  const size_t folders = url.substr(0, special).rfind('/');
  return folders == std::string_view::npos ? 0 : folders + 1;
}

}  // namespace

bool glob_fits(std::string_view glob, std::string_view name) {
  size_t at = 0, in = 0;
  size_t star = std::string_view::npos, retry = 0;  // Where to go on if the rest doesn't fit
  while (in < name.size()) {
    if (at < glob.size() && glob[at] == '*') {
      star = at++;
      retry = in;
    } else if (at < glob.size() && glob[at] == '?') {
      ++at;
      for (++in; in < name.size() && (static_cast<unsigned char>(name[in]) & 0xc0) == 0x80;) ++in;
    } else if (at < glob.size() && glob[at] == name[in]) {
      ++at;
      ++in;
    } else if (star != std::string_view::npos) {
      at = star + 1;
      in = ++retry;
    } else {
      return false;
    }
  }
  while (at < glob.size() && glob[at] == '*') ++at;
  return at == glob.size();
}

// ---- parsing ------------------------------------------------------------------------------------

// Reads the path into alternatives: the list of what has been read so far, one for each way to take
// or leave the brackets, those that take first.
class PathPattern::Parser {
 public:
  Parser(PathPattern& made, size_t begin) : made_(made), text_(made.text_), at_(begin) {}

  Status run() {
    made_.alternatives_ = TRY(path(0));
    for (const Pieces& pieces : made_.alternatives_) TRY(check_segments(pieces));
    return {};
  }

 private:
  using Alternatives = std::vector<Pieces>;

  Result<Alternatives> path(size_t nesting) {
    Alternatives read(1);
    while (at_ < text_.size()) {
      if (text_[at_] == ']' && nesting > 0) return read;
      if (text_[at_] == '[' && !doubled('[')) {
        TRY(bracket(nesting, read));
        continue;
      }
      const Piece piece = TRY(text_[at_] == '{' && !doubled('{') ? hole() : text());
      for (Pieces& pieces : read) pieces.push_back(piece);
    }
    return read;
  }

  Status bracket(size_t nesting, Alternatives& read) {
    const size_t begin = at_++;
    if (nesting + 1 > nesting_max) return error_at(begin, "brackets too deep inside each other");
    const Alternatives inner = TRY(path(nesting + 1));
    if (at_ == text_.size()) {
      return error_at(begin, "\"[\" without its \"]\" (a bracket itself is \"[[\")");
    }
    ++at_;
    if (read.size() * (inner.size() + 1) > alternatives_max) {
      return error_at(begin, "too many optional parts: more than " +
                                 std::to_string(alternatives_max) + " ways to read the path");
    }
    Alternatives all;
    for (const Pieces& before : read) {
      for (const Pieces& taken : inner) {
        all.push_back(before);
        all.back().insert(all.back().end(), taken.begin(), taken.end());
      }
      all.push_back(before);
    }
    read = std::move(all);
    return {};
  }

  Result<Piece> text() {
    Piece piece{.offset = at_};
    while (at_ < text_.size()) {
      const char byte = text_[at_];
      if (byte == ']' && piece.text.empty() && piece.offset == at_) {
        // Only met outside of brackets, where it is itself.
        piece.text += byte;
        ++at_;
        return piece;
      }
      if (byte == ']') return piece;
      if (byte == '*') {
        return error_at(at_, "\"*\" has a meaning in a hole only: {path.name:*.json.gz}");
      }
      if (byte == '{' || byte == '}' || byte == '[') {
        if (!doubled(byte)) {
          if (byte != '}') return piece;
          return error_at(at_, "\"}\" without its \"{\" (a brace itself is \"}}\")");
        }
        ++at_;
      }
      piece.text += byte;
      ++at_;
    }
    return piece;
  }

  Result<Piece> hole() {
    const size_t begin = at_;
    const size_t end = text_.find('}', begin);
    if (end == std::string_view::npos) {
      return error_at(begin, "\"{\" without its \"}\" (a brace itself is \"{{\")");
    }
    const std::string_view inside = text_.substr(begin + 1, end - begin - 1);
    at_ = end + 1;
    const size_t colon = inside.find(':');
    const std::string_view what = inside.substr(0, colon);
    std::optional<std::string_view> format;
    if (colon != std::string_view::npos) format = inside.substr(colon + 1);
    if (what == "unit") return unit(begin, format);
    if (what.substr(0, 5) == "path.") return capture(begin, what.substr(5), format);
    if (what.substr(0, 1) == "." || what.substr(0, 1) == "/") {
      return error_at(begin, "a source's path knows no fields: records are read later");
    }
    static constexpr std::string_view known[] = {"path.NAME", "unit"};
    return error_at(begin, "unknown word `" + std::string(what) + "`" + suggestion(what, known));
  }

  Result<Piece> unit(size_t begin, std::optional<std::string_view> format) {
    Piece piece{.kind = Piece::Kind::unit, .offset = begin};
    made_.uses_unit_ = true;
    if (format) {
      piece.format = TRY_IN(TimeFormat::parse(*format), "at " + std::to_string(begin));
      made_.unit_parts_ |= piece.format->parts();
    }
    return piece;
  }

  Result<Piece> capture(size_t begin, std::string_view name, std::optional<std::string_view> glob) {
    if (name.empty() || !std::all_of(name.begin(), name.end(), is_word)) {
      return error_at(begin, "a name was expected: {path.account}");
    }
    auto& names = made_.names_;
    if (std::find(names.begin(), names.end(), name) != names.end()) {
      return error_at(begin, "{path." + std::string(name) + "} stands in the path twice");
    }
    if (glob && (glob->empty() || glob->find_first_of("/{[]") != std::string_view::npos)) {
      return error_at(begin, "what follows \":\" must fit one segment: {path.account:12*}");
    }
    names.emplace_back(name);
    return Piece{.kind = Piece::Kind::path,
                 .offset = begin,
                 .text = std::string(glob.value_or("*")),
                 .name = names.size() - 1};
  }

  // A {path.x} stands between slashes, alone.
  Status check_segments(const Pieces& pieces) const {
    bool ended = true;            // A segment begins here
    const Piece* path = nullptr;  // Which is in this segment
    for (const Piece& piece : pieces) {
      if (piece.kind == Piece::Kind::path) {
        if (!ended || path != nullptr) return not_alone(piece);
        path = &piece;
        continue;
      }
      const bool opens = piece.kind == Piece::Kind::text && piece.text.front() == '/';
      if (path != nullptr && !opens) return not_alone(*path);
      path = nullptr;
      ended = piece.kind == Piece::Kind::text && piece.text.back() == '/';
    }
    return {};
  }
  Status not_alone(const Piece& piece) const {
    const std::string& name = made_.names_[piece.name];
    return error_at(piece.offset, "{path." + name +
                                      "} stands for a whole segment, so nothing may be beside it; "
                                      "put what is beside it into its pattern: {path." +
                                      name + ":dt=*}");
  }

  bool doubled(char byte) const { return at_ + 1 < text_.size() && text_[at_ + 1] == byte; }

  PathPattern& made_;
  const std::string_view text_;
  size_t at_;
};

Result<PathPattern> PathPattern::parse(std::string_view url) {
  PathPattern made;
  made.text_ = std::string(url);
  if (url.empty()) return error_at(0, "a path was expected");
  const size_t begin = TRY(store_length(url));
  made.store_ = std::string(url.substr(0, begin));
  if (made.store_.empty()) made.store_ = "./";
  if (made.store_.find("://") != std::string::npos && made.store_.back() != '/') made.store_ += '/';
  TRY(Parser(made, begin).run());
  return made;
}

// ---- binding ------------------------------------------------------------------------------------

Result<BoundPattern> PathPattern::bind(const UnitNames& unit, const TimeZone& zone) const {
  BoundPattern bound;
  bound.names_ = names_.size();
  for (const Pieces& pieces : alternatives_) {
    auto alternative = TRY(cut(pieces, unit, zone));
    auto& all = bound.alternatives_;
    if (std::find(all.begin(), all.end(), alternative) == all.end()) {
      all.push_back(std::move(alternative));
    }
  }
  return bound;
}

Result<BoundPattern::Alternative> PathPattern::cut(const Pieces& pieces, const UnitNames& unit,
                                                   const TimeZone& zone) const {
  BoundPattern::Alternative made;
  BoundPattern::Segment segment;
  bool begun = false;  // Something is in `segment`
  for (const Piece& piece : pieces) {
    begun = true;
    if (piece.kind == Piece::Kind::path) {
      segment.text = piece.text;
      segment.glob = piece.text.find_first_of("*?") != std::string::npos;
      segment.capture = static_cast<int>(piece.name);
      continue;
    }
    std::string text = piece.text;
    if (piece.kind == Piece::Kind::unit) {
      if (piece.format && !unit.start) {
        return error_at(piece.offset, "the unit `" + unit.id + "` is no time: write {unit}");
      }
      text = piece.format ? format_time(*piece.format, *unit.start, zone) : unit.id;
    }
    for (const char byte : text) {
      if (byte != '/') {
        segment.text += byte;
        begun = true;
        continue;
      }
      made.segments.push_back(std::move(segment));
      segment = {};
      begun = false;
    }
  }
  made.below = !begun;
  if (begun) made.segments.push_back(std::move(segment));
  return made;
}

// ---- matching -----------------------------------------------------------------------------------

bool BoundPattern::Segment::fits(std::string_view name) const {
  if (!glob) return name == text;
  return !name.empty() && (text == "*" || glob_fits(text, name));
}

BoundPattern::Alive BoundPattern::all() const {
  const size_t count = alternatives_.size();
  return count >= alternatives_max ? ~Alive{0} : (Alive{1} << count) - 1;
}

BoundPattern::Step BoundPattern::step(Alive alive, size_t depth) const {
  Step step;
  bool first = true;
  for (size_t i = 0; i < alternatives_.size(); ++i) {
    if ((alive >> i & 1) == 0) continue;
    const Alternative& alternative = alternatives_[i];
    if (depth == alternative.segments.size()) return {.everything = true};
    const Segment& segment = alternative.segments[depth];
    const bool last = depth + 1 == alternative.segments.size();
    if (segment.glob) step.listing = true;
    const bool directory = !last || alternative.below;
    step.names.push_back({segment.text + (directory ? "/" : ""), directory});

    const size_t fixed = segment.glob ? segment.text.find_first_of("*?") : segment.text.size();
    const std::string_view begins = std::string_view(segment.text).substr(0, fixed);
    if (first) step.begins = begins;
    first = false;
    const auto differs =
        std::mismatch(step.begins.begin(), step.begins.end(), begins.begin(), begins.end());
    step.begins.erase(differs.first, step.begins.end());
  }
  if (step.listing) {
    step.names.clear();
    return step;
  }
  std::sort(step.names.begin(), step.names.end());
  step.names.erase(std::unique(step.names.begin(), step.names.end()), step.names.end());
  return step;
}

BoundPattern::Alive BoundPattern::into(Alive alive, size_t depth, std::string_view name) const {
  Alive fitting = 0;
  for (size_t i = 0; i < alternatives_.size(); ++i) {
    if ((alive >> i & 1) == 0) continue;
    const Alternative& alternative = alternatives_[i];
    const size_t count = alternative.segments.size();
    if (depth >= count || (depth + 1 == count && !alternative.below)) continue;
    if (alternative.segments[depth].fits(name)) fitting |= Alive{1} << i;
  }
  return fitting;
}

BoundPattern::Alive BoundPattern::ending(Alive alive, size_t depth, std::string_view name) const {
  Alive fitting = 0;
  for (size_t i = 0; i < alternatives_.size(); ++i) {
    if ((alive >> i & 1) == 0) continue;
    const Alternative& alternative = alternatives_[i];
    if (alternative.below || depth + 1 != alternative.segments.size()) continue;
    if (alternative.segments[depth].fits(name)) fitting |= Alive{1} << i;
  }
  return fitting;
}

bool BoundPattern::fits(const Alternative& alternative, std::string_view key) const {
  std::string_view rest = key;
  const size_t count = alternative.segments.size();
  for (size_t i = 0; i < count; ++i) {
    const bool last = i + 1 == count && !alternative.below;
    const size_t slash = rest.find('/');
    if (last != (slash == std::string_view::npos)) return false;
    if (!alternative.segments[i].fits(rest.substr(0, slash))) return false;
    if (!last) rest.remove_prefix(slash + 1);
  }
  return !alternative.below || !rest.empty();
}

std::optional<std::vector<std::string>> BoundPattern::match(std::string_view key,
                                                            Alive alive) const {
  for (size_t i = 0; i < alternatives_.size(); ++i) {
    if ((alive >> i & 1) == 0 || !fits(alternatives_[i], key)) continue;
    std::vector<std::string> values(names_);
    for (const Segment& segment : alternatives_[i].segments) {
      const std::string_view name = key.substr(0, key.find('/'));
      if (segment.capture >= 0) values[static_cast<size_t>(segment.capture)] = name;
      key.remove_prefix(std::min(key.size(), name.size() + 1));
    }
    return values;
  }
  return std::nullopt;
}

}  // namespace sluice
