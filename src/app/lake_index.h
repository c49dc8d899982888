// What lies in a lake and which manifest says so, without its keys: 32 bytes stand for an object,
// however long its key is. A million objects are 64 MiB, where their keys were several hundred.
//
// Filled by one thread; then looks may come from several.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/hash.h"
#include "base/names.h"

namespace sluice {

class LakeIndex {
 public:
  // An object lies there. `counts`: it should be in some manifest.
  enum class Counts : uint8_t { yes, no };
  void add(const Key& key, const ETag& etag, uint64_t bytes, Counts counts);

  // `who` names it. The answer: who else has named it before, if anybody has.
  std::optional<std::string> name(const Key& key, const std::string& who);
  // Nobody needs to name it: it is about to be named.
  void excuse(const Key& key);

  enum class Look : uint8_t { missing, another, same };
  Look look(const Key& key, const ETag& etag, uint64_t bytes) const;

  // It lies there, and nobody names it.
  bool is_nobodys(const Key& key) const;
  uint64_t nobodys() const;  // So many
  uint64_t bytes() const { return slots_.size() * sizeof(Slot); }

 private:
  struct Slot {
    Hash128 key;
    uint64_t content = 0;  // A hash of its ETag and size
    uint32_t owner = 0;    // From 1; 0: nobody's
    bool is_used = false, is_there = false, is_excused = false;
    bool is_nobodys() const { return is_there && owner == 0 && !is_excused; }
  };
  static uint64_t content_of(const ETag& etag, uint64_t bytes);
  Slot& at(const Key& key);  // Makes it
  const Slot* find(const Key& key) const;
  size_t place_of(const Hash128& key) const;
  void grow();

  std::vector<Slot> slots_ = std::vector<Slot>(1024);  // A power of two; open addressing
  size_t used_ = 0;
  std::vector<std::string> owners_;
  std::unordered_map<std::string, uint32_t> numbers_;  // Of owners, from 1
};

}  // namespace sluice
