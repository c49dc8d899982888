#include "sink/dedupe.h"

#include <algorithm>

namespace sluice {
namespace {

constexpr size_t slots_first = 16;
constexpr size_t entry_bytes = 24;

// A slice is full at four fifths, and grows by a quarter: between 24 / 0.8 and 24 / 0.64 bytes for
// each record, and each is moved some five times.
bool is_full(size_t used, size_t slots) {
  return (used + 1) * 5 > slots * 4;
}
size_t grown(size_t slots) {
  return slots == 0 ? slots_first : slots + slots / 4;
}

// The slot where the search for a hash begins; slots need not be a power of two.
size_t home(const Hash128& identity, size_t slots) {
  return static_cast<size_t>((static_cast<unsigned __int128>(identity.low) * slots) >> 64);
}

}  // namespace

Dedupe::Dedupe(Budget& share, Annex& annex) : share_(share), seat_(annex) {
  static_assert(sizeof(Entry) == entry_bytes);
}

Dedupe::Kind Dedupe::add(const Hash128& identity, const Hash128& content) {
  Entry entry{identity, content.low ^ content.high};
  if (identity == Hash128{}) entry.identity.low = 1;
  Slice& slice = slices_[entry.identity.high >> 56];
  bool had_field = false;
  size_t at = 0;
  if (const size_t slots = slice.entries.size(); slots > 0) {
    for (at = home(entry.identity, slots); slice.entries[at].identity != Hash128{};
         at = at + 1 == slots ? 0 : at + 1) {
      if (slice.entries[at].identity != entry.identity) continue;
      if (slice.entries[at].content == entry.content) return Kind::duplicate;
      had_field = true;
    }
  }
  if (is_full(slice.used, slice.entries.size())) {
    const Growth growth = grow(slice);
    if (growth != Growth::done) return growth == Growth::wait ? Kind::wait : Kind::full;
    const size_t slots = slice.entries.size();
    for (at = home(entry.identity, slots); slice.entries[at].identity != Hash128{};)
      at = at + 1 == slots ? 0 : at + 1;
  }
  slice.entries[at] = entry;
  ++slice.used;
  ++records_;
  return had_field ? Kind::conflict : Kind::first;
}

// The new slice is charged before the old one is gone: both are there for a moment.
Dedupe::Growth Dedupe::grow(Slice& slice) {
  const size_t slots = grown(slice.entries.size());
  const uint64_t bytes = slots * entry_bytes;
  auto lease = share_.try_reserve(bytes);
  const bool annexed = !lease;
  if (annexed) {
    Budget* annex = seat_.ask();
    if (annex == nullptr) return Growth::wait;
    lease = annex->try_reserve(bytes);
    if (!lease) return Growth::full;
  }
  std::vector<Entry> entries(slots);
  for (const Entry& entry : slice.entries) {
    if (entry.identity == Hash128{}) continue;
    size_t at = home(entry.identity, slots);
    while (entries[at].identity != Hash128{}) at = at + 1 == slots ? 0 : at + 1;
    entries[at] = entry;
  }
  const uint64_t freed = slice.entries.size() * entry_bytes;
  slice.entries = std::move(entries);
  (annexed ? annex_lease_ : lease_).merge(std::move(*lease));
  // What the old slice had goes back to the share first: the annex is for what doesn't fit there.
  const uint64_t from_annex = std::min(freed, annexed ? annex_lease_.bytes() - bytes : 0);
  annex_lease_.shrink(annex_lease_.bytes() - from_annex);
  lease_.shrink(lease_.bytes() - (freed - from_annex));
  return Growth::done;
}

uint64_t Dedupe::bytes_for(uint64_t records) {
  // Slices are as full as chance has it: some have a few per cent more than their part.
  const uint64_t most = records / 256 + records / 2048 + 32;
  uint64_t slots = slots_first;
  while (is_full(most, slots)) slots = grown(slots);
  return (256 * slots + grown(slots)) * entry_bytes;
}

}  // namespace sluice
