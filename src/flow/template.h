// Templates: text with holes, one grammar everywhere (partitions, names, `set` values).
//
//   template = { text | "{{" | "}}" | "{" ref [":" format] "}" }
//   ref      = field | "path." name | "unit" | "unit.end" | "since" | "run.started" | "run.id" |
//   "n" format   = [("s"|"ms"|"us"|"ns") ":"] strftime of %Y %m %d %H %M %S %j %F %G %V %%
//
// The body of a request has braces of its own: there a brace is text, single or doubled, but for
// {unit...}, {since...} and {run...}.
//
// Where no key is made, the times of the unit, of {since} and of the run may be written exactly: in
// UTC ("utc:" before the format), or with their offset (%z: +0100, %:z: +01:00).
//
// "[ ]" and {path.x} as a pattern belong to source paths only, which are the source's to read; here
// "[" and "]" are text. Times are written in the template's zone unless they say "utc:".
#pragma once

#include <cstdint>
#include <limits>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "base/time.h"
#include "flow/stage.h"
#include "json/path.h"

namespace sluice {

// Where a template stands, and so what it may refer to: {n} in names only, {run...} in values only
// (a key of a bounded unit must be the same on every attempt), {unit.end:...} in values only,
// {since} in what is asked of a source only; in the body of that nothing else.
enum class TemplateUse : uint8_t { partition, name, value, request, body };

// A value. Rendering is const and safe from any thread.
class Template {
 public:
  // `invalid`, with the byte offset in the text: "at 12: ...".
  static Result<Template> parse(std::string_view text, TemplateUse use, TimeZone zone = {});

  const std::string& text() const { return text_; }
  const std::vector<json::Path>& fields() const { return fields_; }  // Each once, by first use
  const std::vector<std::string>& path_names() const {
    return path_names_;
  }  // x of {path.x}, likewise
  bool uses_unit() const;
  bool uses_n() const;
  bool uses_run() const;
  bool uses_since() const;
  bool formats_since() const;  // As a time
  // The first field with a time format: the record's own time. Index into fields().
  std::optional<size_t> time_field() const { return time_field_; }
  // Where the text names no field or path: it is the same for every record of a unit (but for n).
  bool constant_in_unit() const { return fields_.empty() && path_names_.empty(); }

  // What {unit:...} writes, all of it together, as bits of TimePart; 0 if there is none.
  uint8_t unit_time_parts() const;
  // `invalid` if a {unit:...} writes what is finer than the units, which write `known` (bits of
  // TimePart; 0: units are not of time): "at 5: {unit:%H} is finer than ...".
  Status check_unit_formats(uint8_t known) const;

  struct Context {
    std::span<const std::optional<std::string_view>> fields =
        {};                                   // Raw JSON of fields(), same order
    std::span<const std::string> paths = {};  // Values of path_names(), same order
    const UnitNames* unit = nullptr;          // Needed if the template uses the unit or the run
    uint64_t n = n_open;
  };
  // An n that is not known yet: {n} is written as n_mark, and OutputNames fills it in.
  static constexpr uint64_t n_open = std::numeric_limits<uint64_t>::max();
  static constexpr char n_mark = '\x01';  // Stands in no text and no escaped value

  // How values are written: as they are, or with what may not stand in a key as %XX (Hive's set;
  // "." and ".." as a segment escaped; a segment over 255 bytes is an error).
  enum class Escape : uint8_t { none, key };
  // Appends to `out`. corrupt: a field is missing or no time ("no .eventTime", ".eventTime is not a
  // time: \"soon\""); `out` is then as long as before. `time_ns`, if given, gets the value of the
  // time field. Fast: it runs for every record.
  Status render(const Context& context, Escape escape, std::string& out,
                int64_t* time_ns = nullptr) const;

  // One stretch of the template, for who must tell keys apart (flow/output_names.h).
  struct Piece {
    enum class Kind : uint8_t { text, field, path, unit, since, run_started, run_id, n };
    Kind kind = Kind::text;
    size_t offset = 0;      // In the template's text
    std::string text = {};  // Of `text`; of the others as written, without braces
    size_t index = 0;       // Into fields() or path_names()
    int64_t number_ns = 0;  // What a number counts: 0 none, else nanoseconds a step
    std::optional<TimeFormat> format = {};
    size_t slashes = 0;       // In the format: a time may go over several segments
    bool plain_date = false;  // The format is %F and nothing else, the commonest
    bool end = false;         // Of `unit`: where it ends
    bool utc = false;         // Written in UTC, not in the template's zone
    // Not the time itself but its zone's offset then: %z, %:z. A format with one in it is several
    // pieces.
    enum class Offset : uint8_t { none, basic, extended };
    Offset writes_offset = Offset::none;
    bool exact = false;  // Its hole is in UTC or has an offset: it may be finer than the unit
  };
  const std::vector<Piece>& pieces() const { return pieces_; }
  const TimeZone& zone() const { return zone_; }
  // What a piece of kind `unit` writes into a key.
  std::string render_unit(const Piece& piece, const UnitNames& unit) const;

 private:
  friend class TemplateParser;
  Status append_piece(const Piece& piece, const Context& context, Escape escape, std::string& out,
                      int64_t* time_ns) const;
  std::string text_;
  std::vector<json::Path> fields_;
  std::vector<std::string> path_names_;
  std::vector<Piece> pieces_;
  std::optional<size_t> time_field_;
  TimeZone zone_;
  bool free_values_ = false;  // Values of any text stand in it: segments must be looked at
};

// Appends a value as it may stand in a key: Hive's set as %XX (0x01-1F 7F " # % ' * / : = ? \ { [ ]
// ^).
void append_key_escaped(std::string_view value, std::string& out);

}  // namespace sluice
