#include "sink/dedupe.h"

namespace sluice {
namespace {

constexpr size_t slots_min = 1024;

}  // namespace

Result<Dedupe::Kind> Dedupe::add(const Hash128& identity, const Hash128& content) {
  // Multiplying by an odd number keeps the two apart: (a, b) and (b, a) are different pairs.
  const Hash128 both{identity.low * 0x9e3779b97f4a7c15ULL + content.low,
                     identity.high * 0xbf58476d1ce4e5b9ULL + content.high};
  const bool new_pair = TRY(exact_.insert(both));
  if (!new_pair) return Kind::duplicate;
  const bool new_field = TRY(fields_.insert(identity));
  return new_field ? Kind::first : Kind::conflict;
}

Result<bool> Dedupe::Set::insert(Hash128 hash) {
  if (hash == Hash128{}) hash.low = 1;
  if ((used_ + 1) * 4 > slots_.size() * 3) TRY(grow());
  const size_t mask = slots_.size() - 1;
  for (size_t i = hash.low & mask;; i = (i + 1) & mask) {
    if (slots_[i] == hash) return false;
    if (slots_[i] == Hash128{}) {
      slots_[i] = hash;
      ++used_;
      return true;
    }
  }
}

Status Dedupe::Set::grow() {
  const size_t wanted = slots_.empty() ? slots_min : slots_.size() * 2;
  auto lease = budget_.try_reserve(wanted * sizeof(Hash128));
  if (!lease) {
    return Error{ErrorKind::invalid,
                 "dedupe: no memory for the hashes of more than " + std::to_string(used_) +
                     " records; give more (--memory) or make the units smaller"};
  }
  std::vector<Hash128> slots(wanted);
  const size_t mask = wanted - 1;
  for (const Hash128& hash : slots_) {
    if (hash == Hash128{}) continue;
    size_t i = hash.low & mask;
    while (slots[i] != Hash128{}) i = (i + 1) & mask;
    slots[i] = hash;
  }
  slots_ = std::move(slots);
  lease_ = std::move(*lease);
  return {};
}

uint64_t Dedupe::bytes_for(uint64_t records) {
  uint64_t slots = slots_min;
  while (records * 4 > slots * 3) slots *= 2;
  // While a table grows, the old one is still there.
  return 2 * (slots + slots / 2) * sizeof(Hash128);
}

}  // namespace sluice
