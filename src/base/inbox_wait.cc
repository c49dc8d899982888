// Where a loop sleeps and is woken. Nothing else stands here, so that a program can be linked with
// a time of its own (test/simulator).
#include <chrono>

#include "base/inbox.h"

namespace sluice {

// Under the lock: a loop may take its last event and destroy the inbox at once.
void Inbox::wake() {
  if (!waiting_) return;
  waiting_ = false;  // One wake-up is enough, however many are posted before it is heard.
  arrived_.notify_one();
}

std::unique_ptr<Event> Inbox::wait() {
  if (auto event = pop_taken()) return event;
  std::unique_lock lock(mutex_);
  for (;;) {
    fetch(lock);
    if (auto event = pop_taken()) return event;
    waiting_ = true;
    if (timers_.empty()) {
      arrived_.wait(lock, [&] { return !waiting_; });
    } else {
      const std::chrono::steady_clock::time_point until{
          std::chrono::nanoseconds(timers_.front().when.ns)};
      arrived_.wait_until(lock, until, [&] { return !waiting_; });
      waiting_ = false;
    }
  }
}

}  // namespace sluice
