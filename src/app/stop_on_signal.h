// How a run is ended from outside: by SIGINT or SIGTERM, or by its deadline.
//
//   a signal, the deadline ──> the run is asked to stop (Stop in its inbox) and has its grace for
//   it a second signal, or the end of the grace ──> the process ends with 4 at once, whatever it
//   waits
//     for: a server that says to come back tomorrow, an answer that doesn't come, a worker that is
//     still at work. What it had open is in its units' records; the next run goes on there.
//
// Whoever started us (ECS, Kubernetes, Lambda) kills after some seconds of its own.
#pragma once

#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>

#include "base/clock.h"
#include "base/inbox.h"

namespace sluice {

inline constexpr Nanoseconds grace_default = 10_s;

// It has a thread of its own; made before the other threads that are to run with it, and before
// anything that may wait. The signals stay held back after it: what is done by then must not end as
// if it weren't.
class StopOnSignal {
 public:
  struct Limits {
    std::optional<Nanoseconds> deadline = {};  // From now
    Nanoseconds grace = grace_default;
    std::string last_words = "; the next run goes on from the record";
  };
  // Of a verb that needs no grace: what it has under way is in the records, if anywhere.
  static Limits at_once(std::optional<Nanoseconds> deadline) {
    return {.deadline = deadline, .grace = 0, .last_words = ""};
  }
  explicit StopOnSignal(Limits limits);
  ~StopOnSignal();
  StopOnSignal(const StopOnSignal&) = delete;
  StopOnSignal& operator=(const StopOnSignal&) = delete;

  // While it lives the inbox is told; at once, if there was something to tell before.
  class Listener {
   public:
    Listener(StopOnSignal& stop, Inbox& inbox) : stop_(stop) { stop_.tell(&inbox); }
    ~Listener() { stop_.tell(nullptr); }
    Listener(const Listener&) = delete;
    Listener& operator=(const Listener&) = delete;

   private:
    StopOnSignal& stop_;
  };

 private:
  void watch(const std::stop_token& done);
  void ask(std::string why);
  void tell(Inbox* inbox);

  const Limits limits_;
  const Instant begun_;
  std::mutex mutex_;
  Inbox* inbox_ = nullptr;  // Guarded, as what follows
  std::string why_;         // Asked to stop; empty: not yet
  std::jthread thread_;
};

}  // namespace sluice
