// A field path: where a value lies inside a record. `.a.b[0]."odd key"` or the JSON pointer
// `/a/b/0`.
//
//   field   = "." | step { step }
//   step    = "." key | "[" int "]" | ".[" int "]"
//   key     = word | JSON string       word: letters, digits, _ - @ $ and every non-ASCII character
//   pointer = "/" token { "/" token }  RFC 6901: ~1 is "/", ~0 is "~"
//
// A lone "." is the whole record. Paths are values; what they mean in a text is scan.h's and
// edit.h's.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace sluice::json {

struct Step {
  // A number in a JSON pointer is a member's key or an element's index, whichever the text has
  // there.
  enum class Kind : uint8_t { key, index, either };
  Kind kind = Kind::key;
  std::string key;     // Decoded; of `either` the digits
  uint32_t index = 0;  // From 0; of `index` and `either`

  static Step member(std::string_view key) { return {Kind::key, std::string(key), 0}; }
  static Step element(uint32_t index) { return {Kind::index, {}, index}; }
  bool is_key(std::string_view name) const { return kind != Kind::index && key == name; }
  bool is_index(uint64_t number) const { return kind != Kind::key && index == number; }
  bool operator==(const Step&) const = default;
};

struct Path {
  std::vector<Step> steps;  // None: the whole record

  bool whole() const { return steps.empty(); }
  bool operator==(const Path&) const = default;
};

// The text must be one field and nothing else. `invalid`, with the byte: "at 3: ...".
Result<Path> parse_path(std::string_view text);

struct PathPrefix {
  Path path;
  size_t length = 0;  // So many bytes of the text are the field
};
// The field that the text begins with; what follows it is the caller's: in ".eventTime:%F}" the
// field ends before ":". In a pointer read this way a token ends before any of : { } [ ] " , ( ) or
// a blank. `invalid` where the text doesn't begin with "." or "/", or breaks off inside a field
// (".a.").
Result<PathPrefix> path_prefix(std::string_view text);

// As a field; a path with an `either` step as a pointer. parse_path(to_string(p)) == p.
std::string to_string(const Path& path);

}  // namespace sluice::json
