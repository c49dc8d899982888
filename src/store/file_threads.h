// A few threads that do file calls for the loops, since a file has no other way not to block.
//
// Several directory stores may share them, so that the number of threads doesn't grow with the
// number of stores. A thread is started only when work waits for it. Hand-over is cheap on purpose:
// a thread that is awake takes several short requests at once, posts their answers together, and a
// sleeper is woken only when those awake can't keep up.
#pragma once

#include <condition_variable>
#include <deque>
#include <memory>
#include <mutex>
#include <thread>
#include <vector>

#include "store/store.h"

namespace sluice {

class FileThreads {
 public:
  // Does one request. Called on a file thread.
  class Doer {
   public:
    virtual ~Doer() = default;
    virtual Result<Answer> answer(Request& request, Timing& timing) = 0;
  };

  explicit FileThreads(size_t threads_max) : threads_max_(threads_max) {}
  FileThreads(const FileThreads&) = delete;
  FileThreads& operator=(const FileThreads&) = delete;
  ~FileThreads();  // Nobody may have work here any more.

  // Never blocks. One Answered follows.
  void start(Doer& doer, Request request, Lease lease, Ticket ticket, Inbox& inbox);
  // Answers `cancelled` if it has not begun.
  void cancel(const Doer& doer, Ticket ticket);
  // Cancels what has not begun and waits for what has: nothing of this doer's is left then.
  void leave(const Doer& doer);

 private:
  struct Work {
    Doer* doer;
    Request request;
    Lease lease;
    Ticket ticket;
    Inbox* inbox;
    Timing timing;
  };
  using Works = std::vector<Work>;

  void run();
  bool is_more_hands_needed() const;
  void call_more_hands(std::unique_lock<std::mutex>& lock);
  void start_thread(std::unique_lock<std::mutex>& lock);
  void take(Works& works);
  static void finish(Work work, Result<Answer> answer);
  std::vector<Work> take_out(const Doer& doer, const Ticket* ticket);

  const size_t threads_max_;

  std::mutex mutex_;  // Guards all below.
  std::condition_variable work_, left_;
  std::deque<Work> queue_;
  std::vector<const Doer*> at_work_;  // Of requests taken and not answered yet
  std::vector<std::jthread> threads_;
  size_t asleep_ = 0;
  size_t busy_long_ = 0;  // Threads with a request that may take long: not counted on
  size_t wake_ups_ = 0;   // Given and not heard yet
  bool stop_ = false;
};

}  // namespace sluice
