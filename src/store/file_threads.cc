#include "store/file_threads.h"

#include <algorithm>
#include <system_error>
#include <utility>

#include "base/no_thread.h"

namespace sluice {
namespace {

// A thread takes so many short requests at once, and so many may wait for each that is awake.
constexpr size_t batch_max = 8;
constexpr size_t waiting_max = 4;
constexpr uint64_t short_bytes_max = 256 << 10;

// A few microseconds, if the disk has it in its cache.
bool is_short(const Request& request) {
  if (const Get* get = std::get_if<Get>(&request)) {
    return (get->range ? get->range->bytes : get->most) <= short_bytes_max;
  }
  return std::holds_alternative<Head>(request);
}

}  // namespace

FileThreads::~FileThreads() {
  {
    std::lock_guard lock(mutex_);
    ENSURE(queue_.empty());
    stop_ = true;
    work_.notify_all();
  }
  threads_.clear();
}

void FileThreads::start(Doer& doer, Request request, Lease lease, Ticket ticket, Inbox& inbox) {
  const Timing timing{now(), {}, 0};
  std::unique_lock lock(mutex_);
  queue_.push_back({&doer, std::move(request), std::move(lease), ticket, &inbox, timing});
  call_more_hands(lock);
}

bool FileThreads::is_more_hands_needed() const {
  const size_t awake = threads_.size() - asleep_ - busy_long_;
  return awake == 0 ? !queue_.empty() : queue_.size() > waiting_max * awake;
}

void FileThreads::call_more_hands(std::unique_lock<std::mutex>& lock) {
  if (!is_more_hands_needed()) return;
  if (asleep_ > 0) {
    --asleep_;
    ++wake_ups_;
    lock.unlock();
    work_.notify_one();
  } else if (threads_.size() < threads_max_) {
    start_thread(lock);
  }
}

// Fewer do it, too; but not none.
void FileThreads::start_thread(std::unique_lock<std::mutex>& lock) {
  try {
    threads_.emplace_back([this] { run(); });
  } catch (const std::system_error& error) {
    if (!threads_.empty()) return;
    auto works = std::exchange(queue_, {});
    lock.unlock();
    for (Work& work : works) finish(std::move(work), no_thread(error));
  }
}

// Short ones together, a long one alone.
void FileThreads::take(Works& works) {
  const size_t fair = queue_.size() / std::max<size_t>(1, threads_.size() - asleep_) + 1;
  const size_t most = std::min(batch_max, fair);
  while (!queue_.empty() && works.size() < most) {
    const bool is_long = !is_short(queue_.front().request);
    if (is_long && !works.empty()) return;
    at_work_.push_back(queue_.front().doer);
    works.push_back(std::move(queue_.front()));
    queue_.pop_front();
    if (is_long) return;
  }
}

void FileThreads::finish(Work work, Result<Answer> answer) {
  work.timing.ended = now();
  work.inbox->post(std::make_unique<Answered>(work.ticket, std::move(answer), std::move(work.lease),
                                              work.timing));
}

void FileThreads::run() {
  Works works;
  std::vector<Result<Answer>> answers;
  std::unique_lock lock(mutex_);
  for (;;) {
    if (queue_.empty()) {
      if (stop_) return;
      ++asleep_;
      work_.wait(lock, [&] { return wake_ups_ > 0 || stop_; });
      if (wake_ups_ > 0) {
        --wake_ups_;
      } else {
        --asleep_;
      }
      continue;
    }
    take(works);
    const bool is_long = !is_short(works.front().request);
    if (is_long) ++busy_long_;
    call_more_hands(lock);
    if (lock.owns_lock()) lock.unlock();

    for (Work& work : works) answers.push_back(work.doer->answer(work.request, work.timing));
    std::vector<const Doer*> done;
    {
      PostTogether together;
      for (size_t i = 0; i < works.size(); ++i) {
        done.push_back(works[i].doer);
        finish(std::move(works[i]), std::move(answers[i]));
      }
    }
    works.clear();
    answers.clear();

    lock.lock();
    if (is_long) --busy_long_;
    for (const Doer* doer : done) at_work_.erase(std::ranges::find(at_work_, doer));
    left_.notify_all();
  }
}

std::vector<FileThreads::Work> FileThreads::take_out(const Doer& doer, const Ticket* ticket) {
  std::vector<Work> taken;
  std::lock_guard lock(mutex_);
  std::deque<Work> kept;
  for (Work& work : queue_) {
    const bool is_meant = work.doer == &doer && (ticket == nullptr || work.ticket == *ticket);
    if (is_meant) {
      taken.push_back(std::move(work));
    } else {
      kept.push_back(std::move(work));
    }
  }
  queue_ = std::move(kept);
  return taken;
}

void FileThreads::cancel(const Doer& doer, Ticket ticket) {
  for (Work& work : take_out(doer, &ticket)) {
    const Error error{ErrorKind::cancelled, describe(work.request) + ": cancelled"};
    finish(std::move(work), error);
  }
}

void FileThreads::leave(const Doer& doer) {
  for (Work& work : take_out(doer, nullptr)) {
    const Error error{ErrorKind::cancelled, describe(work.request) + ": the store was closed"};
    finish(std::move(work), error);
  }
  std::unique_lock lock(mutex_);
  left_.wait(lock, [&] { return std::ranges::find(at_work_, &doer) == at_work_.end(); });
}

}  // namespace sluice
