// An object of the lake read again: its checksum and its records. Blocking; constant memory.
#pragma once

#include <cstdint>

#include "base/names.h"
#include "base/result.h"
#include "store/store.h"

namespace sluice {

struct ObjectFigures {
  uint64_t bytes = 0;
  uint64_t records = 0;  // Lines
  uint32_t crc32c = 0;
};

// not_found; conflict if it is another object meanwhile; corrupt if its packing is broken.
Result<ObjectFigures> read_again(Store& store, const Key& key, const ETag& etag, uint64_t bytes);

}  // namespace sluice
