// Finds records that a unit has had before: same field and same bytes (a duplicate: one copy
// stays), or same field and other bytes (a conflict: both stay). Remembers hashes, not records: 32
// bytes and the slack of a hash table for each record, out of the budget.
#pragma once

#include <cstdint>
#include <vector>

#include "base/budget.h"
#include "base/hash.h"
#include "base/result.h"

namespace sluice {

class Dedupe {
 public:
  explicit Dedupe(Budget& budget) : exact_(budget), fields_(budget) {}

  enum class Kind : uint8_t { first, duplicate, conflict };
  // `invalid` if the budget has no room for more hashes.
  Result<Kind> add(const Hash128& identity, const Hash128& content);

  // What so many records need at the most, for `plan`.
  static uint64_t bytes_for(uint64_t records);

 private:
  // A set by open addressing. All-zero stands for an empty slot.
  class Set {
   public:
    explicit Set(Budget& budget) : budget_(budget) {}
    Result<bool> insert(Hash128 hash);  // False: it was there

   private:
    Status grow();
    Budget& budget_;
    Lease lease_;
    std::vector<Hash128> slots_;
    size_t used_ = 0;
  };
  Set exact_, fields_;
};

}  // namespace sluice
