// How the stores treat a run: what fails, how late answers come.
#pragma once

#include "base/clock.h"

namespace sluice::simulator {

struct Weather {
  Nanoseconds latency_most = 20_ms;  // From 0.1 ms
  // One call in so many; 0: none.
  uint64_t fails = 0;
  uint64_t loses_answer = 0;
  uint64_t lands_late = 0;  // An error now, and it comes to pass later
  uint64_t throttles = 0;
  uint64_t denies = 0;        // Nobody asks again
  uint64_t is_slow = 0;       // Takes a second or so
  Nanoseconds slow_from = 0;  // A phase, from the run's begin, in which all take ten times as long
  Nanoseconds slow_for = 0;
};

}  // namespace sluice::simulator
