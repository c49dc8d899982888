#include "base/clock.h"

#include <sys/random.h>
#include <time.h>

#include "base/result.h"

namespace sluice {
namespace {

int64_t read(clockid_t id) {
  timespec at{};
  ENSURE(clock_gettime(id, &at) == 0);
  return at.tv_sec * 1'000'000'000LL + at.tv_nsec;
}

}  // namespace

Instant now() {
  return {read(CLOCK_MONOTONIC)};
}
Nanoseconds thread_cpu() {
  return read(CLOCK_THREAD_CPUTIME_ID);
}
Nanoseconds process_cpu() {
  return read(CLOCK_PROCESS_CPUTIME_ID);
}
WallTime Clock::wall() const {
  return {read(CLOCK_REALTIME)};
}

Chance::Chance() {
  ENSURE(getrandom(&state_, sizeof state_, 0) == sizeof state_);
}

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
