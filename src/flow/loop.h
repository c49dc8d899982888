// The one loop: start what fits, wait for one. Everything done in bulk is a Task driven by it: a
// task owns its state alone, never blocks on a call and needs no locks.
#pragma once

#include "base/inbox.h"

namespace sluice {

class Task {
 public:
  virtual ~Task() = default;
  // Starts requests and work while budget and limits last. Never blocks.
  virtual void start_what_fits() = 0;
  // An event that answers one of this task's tickets.
  virtual void on(Event& event) = 0;
  virtual bool done() const = 0;
};

// Runs the task to its end.
inline void drive(Task& task, Inbox& inbox) {
  for (;;) {
    task.start_what_fits();
    if (task.done()) return;
    auto event = inbox.wait();
    do {
      task.on(*event);
      event = inbox.take_if_any();
    } while (event);
  }
}

}  // namespace sluice
