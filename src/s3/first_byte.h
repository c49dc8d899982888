// How long S3 takes to the first byte, as seen lately, and how many requests may be sent a second
// time because of it. https://docs.aws.amazon.com/whitepapers/latest/s3-optimizing-performance-
// best-practices/timeouts-and-retries-for-latency-sensitive-applications.html: "retry the slowest
// 1 %". Safe from any thread.
#pragma once

#include <atomic>
#include <optional>

#include "base/clock.h"
#include "meter/meter.h"

namespace sluice::s3 {

class FirstByte {
 public:
  void add(Nanoseconds took) {
    times_.add(took);
    count_.fetch_add(1, std::memory_order_relaxed);
  }
  // What is slow now: more than all but one in a hundred took, and twice what half of them took.
  // Nothing while too few have been seen to say.
  std::optional<Nanoseconds> slow_one();
  // A hedge costs a request: one in fifty may be sent twice, and a few at the beginning.
  bool may_hedge();

 private:
  static constexpr uint64_t seen_least = 100;
  static constexpr uint64_t one_in = 50;
  static constexpr Nanoseconds shortest = 100_ms;

  Histogram times_;
  std::atomic<uint64_t> count_{0}, hedges_{0};
  std::atomic<uint64_t> looked_at_{0};  // The count when `slow_` was found
  std::atomic<Nanoseconds> slow_{0};
};

}  // namespace sluice::s3
