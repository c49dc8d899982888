// What follows from a seed. Where the seed comes from is clock.cc's: the system's door.
#include "base/clock.h"

namespace sluice {

uint64_t Chance::next() {
  state_ += 0x9e3779b97f4a7c15ULL;
  uint64_t z = state_;
  z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ULL;
  z = (z ^ (z >> 27)) * 0x94d049bb133111ebULL;
  return z ^ (z >> 31);
}

std::string Chance::unique_id(WallTime at) {
  static constexpr char digits[] = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";
  std::string id(26, '0');
  uint64_t ms = static_cast<uint64_t>(at.ns / 1'000'000);
  for (int i = 9; i >= 0; --i, ms >>= 5) id[i] = digits[ms & 31];
  for (int half = 0; half < 2; ++half) {
    uint64_t random = next();
    for (int i = 0; i < 8; ++i, random >>= 5) id[10 + half * 8 + i] = digits[random & 31];
  }
  return id;
}

}  // namespace sluice
