// Raw deflate (RFC 1951) of one block of text at a time, each ended on a byte by a full flush: runs
// of blocks may be put behind each other, whoever made them. The room's door to ISA-L's deflate and
// to zlib's.
#pragma once

#include <cstddef>
#include <memory>
#include <string_view>

namespace sluice {

// One thread at a time; each call begins anew. The same text gives the same bytes, on one kind of
// CPU.
class Deflater {
 public:
  virtual ~Deflater() = default;
  // Writes at most deflated_bytes_max(text.size()) bytes to `out` and answers how many.
  virtual size_t deflate(std::string_view text, char* out) = 0;
};

// ISA-L, level 2. 415 KiB.
std::unique_ptr<Deflater> make_fast_deflater();
inline constexpr size_t fast_deflater_bytes = 416 << 10;
// zlib, level 6. 262 KiB.
std::unique_ptr<Deflater> make_small_deflater();
inline constexpr size_t small_deflater_bytes = 264 << 10;

// Text that doesn't shrink is stored: 5 bytes for each 65,535 (RFC 1951, 3.2.4), and 5 for the
// flush.
constexpr size_t deflated_bytes_max(size_t text_bytes) {
  return text_bytes + (text_bytes / 65535 + 1) * 5 + 5;
}

}  // namespace sluice
