// The system's doors as a simulation has them, linked in place of base/clock.cc,
// base/inbox_wait.cc, flow/workers.cc and job/at_once.cc. docs/decisions/0015 says why it is done
// so.
#include <map>

#include "base/clock.h"
#include "base/inbox.h"
#include "flow/workers.h"
#include "job/at_once.h"
#include "simulator/simulation.h"

namespace sluice {

using simulator::Simulation;

namespace {

constexpr int64_t began_at = 1'707'486'400'000'000'000;  // 2024-02-09T13:46:40Z

}  // namespace

// ---- time and chance ----------------------------------------------------------------------------

Instant now() {
  return Simulation::is_running() ? Simulation::current().now() : Instant();
}
Nanoseconds thread_cpu() {
  return 0;
}
Nanoseconds process_cpu() {
  return 0;
}
WallTime Clock::wall() const {
  return {began_at + now().ns};
}

Chance::Chance() : state_(Simulation::is_running() ? Simulation::current().chance().next() : 0) {}

// ---- where a loop waits -------------------------------------------------------------------------

void Inbox::wake() {
  if (!waiting_) return;
  waiting_ = false;
  Simulation::current().wake(this);
}

std::unique_ptr<Event> Inbox::wait() {
  for (;;) {
    if (auto event = take_if_any()) return event;
    waiting_ = true;
    Simulation::current().wait(
        this, timers_.empty() ? std::nullopt : std::optional(timers_.front().when));
    waiting_ = false;
  }
}

// ---- work ---------------------------------------------------------------------------------------
// A piece takes some virtual time and is run at its end; as many are under way as there are
// threads.

namespace {

Nanoseconds duration() {
  Simulation& simulation = Simulation::current();
  return simulation.between(1'000, simulation.one_in(20) ? 20_ms : 200'000);
}

std::map<const Workers*, Scratch>& scratches() {
  static std::map<const Workers*, Scratch> all;
  return all;
}

}  // namespace

Scratch::Key Scratch::new_key() {
  static Key next = 0;
  return ++next;
}

Workers::Workers(unsigned threads) {
  threads_.resize(threads);  // None of them runs
}

Workers::~Workers() {
  scratches().erase(this);
}

void Workers::submit(std::unique_ptr<Work> work, Inbox& home, Urgency urgency) {
  work->submitted = now();
  ++busy_;
  if (urgency == Urgency::first) {
    jobs_.push_front({std::move(work), &home});
  } else {
    jobs_.push_back({std::move(work), &home});
  }
  serve({});
}

void Workers::serve(const std::stop_token&) {
  Simulation& simulation = Simulation::current();
  while (!jobs_.empty() && busy_ - jobs_.size() < threads_.size()) {
    Job job = std::move(jobs_.front());
    jobs_.pop_front();
    job.work->begun = now();
    simulation.after(duration(), simulation.process(), [this, job = std::move(job)]() mutable {
      job.work->run(scratches()[this]);
      job.work->ended = now();
      --busy_;
      job.home->post(std::move(job.work));
      serve({});
    });
  }
}

// ---- control work -------------------------------------------------------------------------------
// One after another, each waiting in its turn.

void at_once(size_t count, size_t, const std::function<void(size_t)>& work) {
  for (size_t i = 0; i < count; ++i) work(i);
}

}  // namespace sluice
