// A store with latency in front of it, for tests and benchmarks: each answer comes no earlier than
// so long after its call was started. No thread sleeps for it; the answer waits as a timer in the
// inbox.
//
// It also knows how many calls were open at once and for how long: the concurrency that a loop kept
// up.
#pragma once

#include <functional>
#include <memory>

#include "store/store.h"

namespace sluice {

struct SlowOptions {
  Nanoseconds latency = 0;
  std::function<Nanoseconds(const Request&)> latency_of = {};  // Instead, if given. Any thread.
};

class SlowStore : public Store {
 public:
  // Safe on any thread. A call is open from its start until its answer can be taken.
  virtual size_t open_max() const = 0;
  virtual Nanoseconds time_with_open(size_t at_least) const = 0;
  virtual uint64_t calls() const = 0;
};

// The inner store must outlive this one, and this one its last answer.
std::unique_ptr<SlowStore> make_slow_store(Store& inner, SlowOptions options);

}  // namespace sluice
