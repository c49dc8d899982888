// Finds records that a unit has had before: same field and same bytes (a duplicate: one copy
// stays), or same field and other bytes (a conflict: both stay). Remembers hashes, not records: an
// entry of 24 bytes for each record that is kept, and the slack of a hash table.
//
// The table is cut into many small ones, each of which grows by itself: growing never needs the
// memory of the whole a second time. Its bytes come out of the unit's own share, and once that is
// used up out of an annex that units have one after another. So what a unit can have is the same in
// every run, whatever else there is.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <vector>

#include "base/annex.h"
#include "base/budget.h"
#include "base/hash.h"

namespace sluice {

class Dedupe {
 public:
  // `share` and `annex` outlive it.
  Dedupe(Budget& share, Annex& annex);

  enum class Kind : uint8_t {
    first,
    duplicate,
    conflict,
    wait,  // Another unit has the annex now: ask again after the next event
    full,  // There is no room for one more
  };
  Kind add(const Hash128& identity, const Hash128& content);
  uint64_t records() const { return records_; }  // That are remembered

  // What so many records need at the most. `plan` says it, too.
  static uint64_t bytes_for(uint64_t records);

 private:
  struct Entry {
    Hash128 identity;  // All zero: empty
    uint64_t content = 0;
  };
  struct Slice {
    std::vector<Entry> entries;
    size_t used = 0;
  };
  enum class Growth : uint8_t { done, wait, full };
  Growth grow(Slice& slice);

  Budget& share_;
  Lease lease_;        // Of `share_`
  Annex::Seat seat_;   // Outlives the lease below
  Lease annex_lease_;  // Of `annex_`
  std::array<Slice, 256> slices_;
  uint64_t records_ = 0;
};

}  // namespace sluice
