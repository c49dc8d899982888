// An upload as a value: what the sink fills, the ledger notes and a commit completes.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "base/clock.h"
#include "base/names.h"

namespace sluice {

// What an object holds.
struct Content {
  uint64_t bytes = 0;  // As stored
  uint64_t records = 0;
  uint32_t crc32c = 0;                                // Of the bytes as stored
  std::optional<WallTime> least = {}, greatest = {};  // Of the records' own times, if they have any
  bool operator==(const Content&) const = default;
};

// One that is filled, or is being filled: then `parts` and `content` are as far as it has come. The
// record of its unit keeps the mark, since no store shows the metadata of an open upload; it may be
// of an older epoch than the record's.
struct Upload {
  Key key;
  UploadId id;
  Mark mark;
  std::vector<PartTag> parts = {};  // By number
  Content content = {};
  bool operator==(const Upload&) const = default;
};

}  // namespace sluice
