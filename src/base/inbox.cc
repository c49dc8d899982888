#include "base/inbox.h"

#include <algorithm>

#include "base/result.h"

namespace sluice {
namespace {

thread_local PostTogether* together = nullptr;

}  // namespace

PostTogether::PostTogether() {
  ENSURE(together == nullptr);
  together = this;
}

PostTogether::~PostTogether() {
  together = nullptr;
  for (size_t from = 0; from < held_.size();) {
    Inbox& inbox = *held_[from].first;
    std::lock_guard lock(inbox.mutex_);
    for (; from < held_.size() && held_[from].first == &inbox; ++from) {
      inbox.posted_.push_back(std::move(held_[from].second));
    }
    inbox.wake();
  }
}

void Inbox::post(std::unique_ptr<Event> event) {
  if (together != nullptr) {
    together->held_.emplace_back(this, std::move(event));
    return;
  }
  std::lock_guard lock(mutex_);
  posted_.push_back(std::move(event));
  wake();
}

void Inbox::post_at(Instant when, std::unique_ptr<Event> event) {
  std::lock_guard lock(mutex_);
  timers_.push_back({when, timer_order_++, std::move(event)});
  std::push_heap(timers_.begin(), timers_.end(), std::greater<>());
  if (timers_.front().when == when) wake();
}

std::unique_ptr<Event> Inbox::pop_taken() {
  if (taken_next_ == taken_.size()) return nullptr;
  return std::move(taken_[taken_next_++]);
}

// Takes over all that is there. Locks once for many events.
void Inbox::fetch(std::unique_lock<std::mutex>&) {
  taken_.clear();
  taken_next_ = 0;
  std::swap(taken_, posted_);
  if (timers_.empty()) return;
  for (const Instant at = now(); !timers_.empty() && timers_.front().when <= at;) {
    std::pop_heap(timers_.begin(), timers_.end(), std::greater<>());
    taken_.push_back(std::move(timers_.back().event));
    timers_.pop_back();
  }
}

std::unique_ptr<Event> Inbox::take_if_any() {
  if (auto event = pop_taken()) return event;
  std::unique_lock lock(mutex_);
  fetch(lock);
  return pop_taken();
}

}  // namespace sluice
