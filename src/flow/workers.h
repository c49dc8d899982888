// The worker threads: decode, transform, compress. A piece of work goes out as a value, is run by
// one worker, and comes back to the loop's inbox as the event it is, carrying what it made.
#pragma once

#include <algorithm>
#include <atomic>
#include <condition_variable>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <thread>
#include <unordered_map>
#include <vector>

#include "base/inbox.h"

namespace sluice {

// What a worker keeps between pieces of work: decoders, scanners, buffers that are dear to make.
// Each user has a key of its own (Scratch::new_key), so that nobody finds another's.
class Scratch {
 public:
  using Key = uint64_t;
  static Key new_key();
  template <class T, class Make>
  T& get(Key key, Make&& make) {
    auto& slot = slots_[key];
    if (!slot) slot = std::make_unique<Held<T>>(make());
    return static_cast<Held<T>&>(*slot).value;
  }

 private:
  struct Slot {
    virtual ~Slot() = default;
  };
  template <class T>
  struct Held : Slot {
    explicit Held(T&& made) : value(std::move(made)) {}
    T value;
  };
  std::unordered_map<Key, std::unique_ptr<Slot>> slots_;
};

struct Work : Event {
  using Event::Event;
  virtual void run(Scratch& scratch) = 0;  // On a worker
  // Of who has run it. From submitted to begun it waited till a worker was free.
  Instant submitted = {}, begun = {}, ended = {};
  Nanoseconds cpu = 0;
};

class Workers {
 public:
  explicit Workers(unsigned threads);
  ~Workers();  // What has not begun by then is dropped

  // `first`: before everything that waits (what others wait for in order).
  enum class Urgency : uint8_t { normal, first };
  void submit(std::unique_ptr<Work> work, Inbox& home, Urgency urgency = Urgency::normal);
  unsigned threads() const { return static_cast<unsigned>(threads_.size()); }
  // Pieces that are waiting or being worked on. A hint: it may be old when you read it.
  size_t busy() const { return busy_.load(std::memory_order_relaxed); }

 private:
  struct Job {
    std::unique_ptr<Work> work;
    Inbox* home;
  };
  void serve(const std::stop_token& stop);

  std::atomic<size_t> busy_{0};
  std::mutex mutex_;
  std::condition_variable_any arrived_;
  std::deque<Job> jobs_;
  std::vector<std::jthread> threads_;  // Last: they end before the rest goes.
};

}  // namespace sluice
