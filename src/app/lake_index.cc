#include "app/lake_index.h"

#include <algorithm>
#include <utility>

namespace sluice {

void LakeIndex::add(const Key& key, const ETag& etag, uint64_t bytes, Counts counts) {
  Slot& slot = at(key);
  slot.is_there = true;
  slot.content = content_of(etag, bytes);
  slot.is_excused |= counts == Counts::no;
}

std::optional<std::string> LakeIndex::name(const Key& key, const std::string& who) {
  const auto [known, is_new] = numbers_.emplace(who, static_cast<uint32_t>(owners_.size() + 1));
  if (is_new) owners_.push_back(who);
  Slot& slot = at(key);
  const uint32_t before = slot.owner == 0 ? known->second : slot.owner;
  slot.owner = before;
  if (before == known->second) return std::nullopt;
  return owners_[before - 1];
}

void LakeIndex::excuse(const Key& key) {
  at(key).is_excused = true;
}

LakeIndex::Look LakeIndex::look(const Key& key, const ETag& etag, uint64_t bytes) const {
  const Slot* slot = find(key);
  if (slot == nullptr || !slot->is_there) return Look::missing;
  return slot->content == content_of(etag, bytes) ? Look::same : Look::another;
}

bool LakeIndex::is_nobodys(const Key& key) const {
  const Slot* slot = find(key);
  return slot != nullptr && slot->is_nobodys();
}

uint64_t LakeIndex::nobodys() const {
  return static_cast<uint64_t>(std::count_if(slots_.begin(), slots_.end(),
                                             [](const Slot& slot) { return slot.is_nobodys(); }));
}

uint64_t LakeIndex::content_of(const ETag& etag, uint64_t bytes) {
  return hash64(etag.str() + " " + std::to_string(bytes));
}

LakeIndex::Slot& LakeIndex::at(const Key& key) {
  if (4 * used_ >= 3 * slots_.size()) grow();
  const Hash128 hash = hash128(key.view());
  Slot& slot = slots_[place_of(hash)];
  if (!slot.is_used) {
    slot.key = hash;
    slot.is_used = true;
    ++used_;
  }
  return slot;
}

const LakeIndex::Slot* LakeIndex::find(const Key& key) const {
  const Slot& slot = slots_[place_of(hash128(key.view()))];
  return slot.is_used ? &slot : nullptr;
}

// Where it is, or would be.
size_t LakeIndex::place_of(const Hash128& key) const {
  size_t at = key.low & (slots_.size() - 1);
  while (slots_[at].is_used && slots_[at].key != key) at = (at + 1) & (slots_.size() - 1);
  return at;
}

void LakeIndex::grow() {
  const std::vector<Slot> before = std::exchange(slots_, std::vector<Slot>(2 * slots_.size()));
  for (const Slot& slot : before) {
    if (slot.is_used) slots_[place_of(slot.key)] = slot;
  }
}

}  // namespace sluice
