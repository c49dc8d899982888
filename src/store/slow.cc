#include "store/slow.h"

#include <algorithm>
#include <mutex>
#include <queue>

#include "store/relay.h"

namespace sluice {
namespace {

// Time spent with each number of open calls. Ends are known a while before they come to pass.
class OpenCalls {
 public:
  void begin(Instant at) {
    std::lock_guard lock(mutex_);
    advance(at);
    ++calls_;
    ++open_;
    open_max_ = std::max(open_max_, open_);
  }
  void end(Instant at) {
    std::lock_guard lock(mutex_);
    ends_.push(std::max(at, reached_));
  }
  size_t open_max() const {
    std::lock_guard lock(mutex_);
    return open_max_;
  }
  uint64_t calls() const {
    std::lock_guard lock(mutex_);
    return calls_;
  }
  Nanoseconds time_with_open(size_t at_least) {
    std::lock_guard lock(mutex_);
    advance(now());
    Nanoseconds sum = 0;
    for (size_t open = at_least; open < time_.size(); ++open) sum += time_[open];
    return sum;
  }

 private:
  void spend_until(Instant at) {
    if (time_.size() <= open_) time_.resize(open_ + 1);
    if (at > reached_ && reached_.ns != 0) time_[open_] += at - reached_;
    reached_ = std::max(reached_, at);
  }
  void advance(Instant at) {
    while (!ends_.empty() && ends_.top() <= at) {
      spend_until(ends_.top());
      ends_.pop();
      --open_;
    }
    spend_until(at);
  }

  mutable std::mutex mutex_;  // Guards all below.
  std::priority_queue<Instant, std::vector<Instant>, std::greater<>> ends_;
  std::vector<Nanoseconds> time_;  // By the number of open calls
  Instant reached_;
  size_t open_ = 0, open_max_ = 0;
  uint64_t calls_ = 0;
};

class SlowRelay : public Relay {
 public:
  SlowRelay(OpenCalls& calls, Instant started, Instant due, Inbox& to)
      : calls_(calls), started_(started), due_(due), to_(to) {}

 private:
  void pass(std::optional<Instant> when, std::unique_ptr<Answered> answered) override {
    const Instant at = std::max(due_, when.value_or(now()));
    answered->timing.started = started_;
    answered->timing.ended = at;
    calls_.end(at);
    deliver(to_, at, std::move(answered));
  }

  OpenCalls& calls_;
  const Instant started_, due_;
  Inbox& to_;
};

class Slow : public SlowStore {
 public:
  Slow(Store& inner, SlowOptions options) : inner_(inner), options_(std::move(options)) {}

  void start(Request request, Lease lease, Ticket ticket, Inbox& inbox) override {
    const Instant at = now();
    const Nanoseconds latency =
        options_.latency_of ? options_.latency_of(request) : options_.latency;
    calls_.begin(at);
    Relay::start(std::make_unique<SlowRelay>(calls_, at, at + latency, inbox), inner_,
                 std::move(request), std::move(lease), ticket);
  }
  void cancel(Ticket ticket) override { inner_.cancel(ticket); }
  Features features() const override { return inner_.features(); }
  std::string name() const override { return inner_.name(); }

  size_t open_max() const override { return calls_.open_max(); }
  Nanoseconds time_with_open(size_t at_least) const override {
    return calls_.time_with_open(at_least);
  }
  uint64_t calls() const override { return calls_.calls(); }

 private:
  Store& inner_;
  const SlowOptions options_;
  mutable OpenCalls calls_;
};

}  // namespace

std::unique_ptr<SlowStore> make_slow_store(Store& inner, SlowOptions options) {
  return std::make_unique<Slow>(inner, std::move(options));
}

}  // namespace sluice
