// What the splitters (slice.h, lines.h) say about records: where they lie in the caller's window,
// or that they were too large for it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace sluice::json {

// A record in the window: [begin, end).
struct Span {
  size_t begin = 0, end = 0;

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
