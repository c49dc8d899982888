// 128-bit hashes of bytes (XXH3): for telling records apart and for fingerprints. Not against an
// adversary. Pure; safe from any thread.
#pragma once

#include <compare>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

namespace sluice {

// 128 bits that stand for some bytes. Two different texts with one hash: not in our time.
struct Hash128 {
  uint64_t low = 0, high = 0;
  auto operator<=>(const Hash128&) const = default;
};

Hash128 hash128(std::string_view bytes);
// 64 bits, for tables.
uint64_t hash64(std::string_view bytes);
// 32 digits, the high half first.
std::string to_hex(const Hash128& hash);

}  // namespace sluice

template <>
struct std::hash<sluice::Hash128> {
  size_t operator()(const sluice::Hash128& hash) const noexcept { return hash.low ^ hash.high; }
};
