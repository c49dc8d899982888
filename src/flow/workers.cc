#include "flow/workers.h"

#include <system_error>

namespace sluice {

Scratch::Key Scratch::new_key() {
  static std::atomic<Key> next{1};
  return next.fetch_add(1, std::memory_order_relaxed);
}

Workers::Workers(unsigned threads) {
  const auto work = [this](const std::stop_token& stop) { serve(stop); };
  threads_.emplace_back(work);
  try {
    while (threads_.size() < threads) threads_.emplace_back(work);
  } catch (const std::system_error&) {  // Fewer do it, too.
  }
}

Workers::~Workers() {
  for (auto& thread : threads_) thread.request_stop();
  arrived_.notify_all();
}

void Workers::submit(std::unique_ptr<Work> work, Inbox& home, Urgency urgency) {
  work->submitted = now();
  busy_.fetch_add(1, std::memory_order_relaxed);
  {
    std::lock_guard lock(mutex_);
    if (urgency == Urgency::first) {
      jobs_.push_front({std::move(work), &home});
    } else {
      jobs_.push_back({std::move(work), &home});
    }
  }
  arrived_.notify_one();
}

void Workers::serve(const std::stop_token& stop) {
  Scratch scratch;
  for (;;) {
    Job job;
    {
      std::unique_lock lock(mutex_);
      if (!arrived_.wait(lock, stop, [this] { return !jobs_.empty(); })) return;
      if (stop.stop_requested()) return;
      job = std::move(jobs_.front());
      jobs_.pop_front();
    }
    job.work->begun = now();
    const Nanoseconds before = thread_cpu();
    job.work->run(scratch);
    job.work->cpu = thread_cpu() - before;
    job.work->ended = now();
    busy_.fetch_sub(1, std::memory_order_relaxed);
    job.home->post(std::move(job.work));
  }
}

}  // namespace sluice
