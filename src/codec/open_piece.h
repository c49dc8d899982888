// A gzip member or a zstd frame that has begun and not ended: its checksum comes behind all its
// bytes, so what it has given so far is not proven yet.
#pragma once

#include <cstdint>

namespace sluice {

struct OpenPiece {
  uint64_t begin = 0;  // Its first byte in the document as it came
  uint64_t text = 0;   // Its first byte in the inflated document
};

}  // namespace sluice
