// Where a source's objects are: a store, and a pattern over the keys in it.
//
//   s3://logs/AWSLogs/[{path.org:o-*}/]{path.account}/CloudTrail/{path.region}/{unit:%Y/%m/%d}/
//   `- store -' `------------------------------ pattern ------------------------------------'
//
//   path    = { text | "{{" | "}}" | "[[" | hole | "[" path "]" }     "[[" is a bracket
//   hole    = "{path." name [":" glob] "}"    exactly one segment, not empty; of a glob: * and ?
//           | "{unit" [":" strftime] "}"      filled in for each unit; may become several segments
//
// A path that ends in "/" means every key below it; otherwise the last segment is the key's last.
// What stands in [ ] may be there or not. A key that fits both ways counts as the one with it: of
// several brackets the first decides. The pattern matches whole keys and knows nothing of stores;
// which prefixes to list is told step by step, so that whoever walks a tree of keys need not list
// where the pattern has only text.
//
// Values; const and safe from any thread.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "base/time.h"
#include "flow/stage.h"

namespace sluice {

// A pattern for one unit. A key's segments are what lies between its slashes; the alternatives
// (with and without each bracket) are matched side by side, a segment at a time.
class BoundPattern {
 public:
  // A bit for each alternative that has fitted so far; the first in rank is the lowest.
  using Alive = uint64_t;
  Alive all() const;

  // What to look for `depth` segments down, where `alive` have fitted.
  struct Step {
    bool everything = false;  // Every key below counts for one of them, so list without delimiter
    bool listing = false;     // Names can only be known by listing
    std::string begins = {};  // All wanted names begin so
    // Neither: these names alone. In order of the keys below them; `directory` names end in "/".
    struct Name {
      std::string text;
      bool directory = false;
      auto operator<=>(const Name&) const = default;
    };
    std::vector<Name> names = {};
  };
  Step step(Alive alive, size_t depth) const;
  // Those of `alive` that go on below the segment `name`, and those whose keys end with it.
  Alive into(Alive alive, size_t depth, std::string_view name) const;
  Alive ending(Alive alive, size_t depth, std::string_view name) const;

  // The values of {path.x}, in the order of PathPattern::names(), empty for what is not in the
  // alternative; nothing if the key doesn't match one of `alive`.
  std::optional<std::vector<std::string>> match(std::string_view key, Alive alive) const;
  std::optional<std::vector<std::string>> match(std::string_view key) const {
    return match(key, all());
  }

 private:
  friend class PathPattern;
  struct Segment {
    std::string text;  // Verbatim, or a glob
    bool glob = false;
    int capture = -1;  // Index of its name
    bool operator==(const Segment&) const = default;
    bool fits(std::string_view name) const;
  };
  struct Alternative {
    std::vector<Segment> segments;
    bool below = false;  // Every key below the last segment, else the last segment ends the key
    bool operator==(const Alternative&) const = default;
  };
  bool fits(const Alternative& alternative, std::string_view key) const;

  std::vector<Alternative> alternatives_;  // At most 64, by rank
  size_t names_ = 0;
};

class PathPattern {
 public:
  // `invalid`, with the byte in the text: "at 12: ...".
  static Result<PathPattern> parse(std::string_view url);

  const std::string& text() const { return text_; }
  // What opens the store, with its slash: "s3://logs/", "/data/logs/", "memory:". Of a path in a
  // directory it is all folders before the first hole or bracket.
  const std::string& store() const { return store_; }
  const std::vector<std::string>& names() const { return names_; }  // x of {path.x}, by place
  bool uses_unit() const { return uses_unit_; }
  // What {unit:...} writes, all of it together, as bits of TimePart; 0 if there is none.
  uint8_t unit_time_parts() const { return unit_parts_; }

  // Fills in the unit. `invalid`: a time format for a unit that is no time.
  Result<BoundPattern> bind(const UnitNames& unit, const TimeZone& zone = TimeZone::utc()) const;

 private:
  struct Piece {
    enum class Kind : uint8_t { text, path, unit };
    Kind kind = Kind::text;
    size_t offset = 0;      // In text_
    std::string text = {};  // Verbatim text, or a glob
    size_t name = 0;        // Index into names_
    std::optional<TimeFormat> format = {};
  };
  using Pieces = std::vector<Piece>;
  class Parser;
  friend class Parser;
  Result<BoundPattern::Alternative> cut(const Pieces& pieces, const UnitNames& unit,
                                        const TimeZone& zone) const;

  std::string text_, store_;
  std::vector<std::string> names_;
  std::vector<Pieces> alternatives_;
  bool uses_unit_ = false;
  uint8_t unit_parts_ = 0;
};

// Does the whole name fit? * is any run of bytes, ? any one character.
bool glob_fits(std::string_view glob, std::string_view name);

}  // namespace sluice
