// Cuts text of any size, fed in pieces, into lines: NDJSON and the like. A line ends with LF or CR
// LF (neither is part of it) or with the text. What is inside a line is Scanner's business.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

#include "json/span.h"

namespace sluice::json {

// What becomes of lines of nothing but blanks: between JSON values they mean nothing, in other text
// they are lines.
enum class BlankLines : uint8_t { left_out, kept };

// One thread at a time. The caller owns the window, as with Slicer.
class Lines {
 public:
  explicit Lines(uint64_t record_max = 8 << 20, BlankLines blank = BlankLines::left_out)
      : record_max_(record_max), blank_(blank) {}
  void reset();

  // Reads window[from..), which is new, and adds the lines that are now whole. Returns how many
  // bytes at the window's front are done with; pass the rest, then new bytes behind it, next. While
  // an oversize line passes that is all of them.
  size_t split(std::string_view window, size_t from, std::vector<Span>& records);
  // After the last byte, with what split() left: the last line, if it has no LF.
  void finish(std::string_view window, std::vector<Span>& records);

  // Lines longer than record_max that have ended since the last call. In order.
  std::vector<Oversize> take_oversize();
  // How many bytes of the text were read.
  uint64_t offset() const { return offset_; }

 private:
  void end_line(std::string_view window, size_t begin, size_t end, std::vector<Span>& records);

  uint64_t record_max_;
  BlankLines blank_;
  uint64_t offset_ = 0;    // Of the window's end
  bool skipping_ = false;  // An oversize line is passing
  bool skipped_ends_in_cr_ = false;
  uint64_t skipped_offset_ = 0;
  std::vector<Oversize> oversize_;
};

}  // namespace sluice::json
