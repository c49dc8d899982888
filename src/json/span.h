// What the splitters (slice.h, lines.h) say about records: where they lie in the caller's window,
// or that they were too large for it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace sluice::json {

// A record in the window: [begin, end).
struct Span {
  static constexpr uint64_t in_window = UINT64_MAX;

  size_t begin = 0, end = 0;
  // Where the record begins in the document. What lies in the window as it came is where the window
  // says it is; text that a decoder has made of something else (CSV) says here where that was.
  uint64_t source = in_window;

  std::string_view of(std::string_view window) const { return window.substr(begin, end - begin); }
  bool operator==(const Span&) const = default;
};

// A record longer than record_max. Its bytes were let go.
struct Oversize {
  uint64_t offset = 0;  // In the document
  uint64_t bytes = 0;
  bool operator==(const Oversize&) const = default;
};

}  // namespace sluice::json
