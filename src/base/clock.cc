// What the system is asked: for the time and for chance. Nothing else stands here, so that a
// program can be linked with answers of its own (test/simulator).
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

}  // namespace sluice
