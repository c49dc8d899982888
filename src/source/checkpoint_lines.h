// Lines in which a program says from where it could go on, among the lines that are records:
//
//   {"sluice": {"checkpoint": "page 17"}}
//   {"sluice": {"checkpoint": null}}         it can't go on where it was told to
//
// Such a line is no record. It is blanked out (with line breaks, so that all offsets stay what they
// are and every decoder of lines takes it for empty lines); all that came before it is the past of
// its cursor. A line with anything else in it is a record.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "json/scan.h"

namespace sluice {

struct LineCheckpoint {
  std::optional<std::string> cursor;  // The program's own
  uint64_t offset = 0;  // Of the byte behind its line, in what the program has printed
  bool operator==(const LineCheckpoint&) const = default;
};

class CheckpointLines {
 public:
  static constexpr size_t line_bytes_max = 64 << 10;  // A longer line is a record

  CheckpointLines();
  // Looks at the next bytes. Answers how many at their end must come again in front of the next
  // ones, because they may be the beginning of such a line; none if these are the `last`.
  size_t pass(char* bytes, size_t size, bool last);
  // Those that have passed since the last call, in order.
  std::vector<LineCheckpoint> take_new() { return std::exchange(new_, {}); }

 private:
  bool take(char* line, size_t size);

  json::Scanner scanner_;
  bool inside_line_ = false;  // Of a record that began before these bytes
  uint64_t offset_ = 0;       // Of the next bytes
  std::vector<LineCheckpoint> new_;
};

}  // namespace sluice
