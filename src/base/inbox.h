// The one queue where threads meet, and the timers. Whoever did something for a loop posts an
// event; the loop waits for one event at a time and owns its state alone.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <memory>
#include <mutex>
#include <queue>
#include <utility>
#include <vector>

#include "base/clock.h"

namespace sluice {

// Which of the loop's requests an event answers. The high 32 bits name a series (one for each
// component that makes tickets), the low 32 count within it.
using Ticket = uint64_t;
inline uint32_t series_of(Ticket ticket) {
  return static_cast<uint32_t>(ticket >> 32);
}

struct Event {
  explicit Event(Ticket ticket = 0) : ticket(ticket) {}
  virtual ~Event() = default;
  Event(const Event&) = delete;
  Event& operator=(const Event&) = delete;
  Ticket ticket;
};

// Tickets of one component. Not for two threads at once.
class TicketSeries {
 public:
  explicit TicketSeries(uint32_t series = 0) : next_(static_cast<Ticket>(series) << 32) {}
  Ticket next() { return ++next_; }
  uint32_t series() const { return series_of(next_); }
  bool owns(Ticket ticket) const { return series_of(ticket) == series(); }

 private:
  Ticket next_;
};

class Inbox;

// While one is alive, what its thread posts is held back; at its end it is delivered, with one lock
// and one wake-up for many events. For a thread that has several answers at once. Not nested.
class PostTogether {
 public:
  PostTogether();
  ~PostTogether();
  PostTogether(const PostTogether&) = delete;
  PostTogether& operator=(const PostTogether&) = delete;

 private:
  friend class Inbox;
  std::vector<std::pair<Inbox*, std::unique_ptr<Event>>> held_;
};

class Inbox {
 public:
  Inbox() = default;
  virtual ~Inbox() = default;
  Inbox(const Inbox&) = delete;
  Inbox& operator=(const Inbox&) = delete;

  // From any thread. Virtual (as post_at), so that a wrapper can stand between a poster and a loop.
  virtual void post(std::unique_ptr<Event> event);
  // Not before `when`. From any thread; no thread sleeps for it, the waiting loop wakes for it.
  virtual void post_at(Instant when, std::unique_ptr<Event> event);

  // The next event, waiting for one if need be. The loop's thread only.
  std::unique_ptr<Event> wait();
  // The next event that is there already (a due timer counts), or null. The loop's thread only.
  std::unique_ptr<Event> take_if_any();

 private:
  struct Timer {
    Instant when;
    uint64_t order;  // First posted, first served, where two are due at once.
    std::unique_ptr<Event> event;
    bool operator>(const Timer& other) const {
      return when != other.when ? when > other.when : order > other.order;
    }
  };
  friend class PostTogether;
  void wake();
  std::unique_ptr<Event> pop_taken();
  void fetch(std::unique_lock<std::mutex>& lock);

  // The loop's own.
  std::vector<std::unique_ptr<Event>> taken_;
  size_t taken_next_ = 0;

  // Guarded by mutex_.
  std::mutex mutex_;
  std::condition_variable arrived_;
  std::vector<std::unique_ptr<Event>> posted_;
  std::vector<Timer> timers_;  // A heap, the earliest on top.
  uint64_t timer_order_ = 0;
  bool waiting_ = false;
};

}  // namespace sluice
