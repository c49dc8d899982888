// When to try again, and how fast everybody may go: the one place where requests are repeated is
// whoever asks these three. What an answer means (refused, passing, final) is `aws`'s to say.
#pragma once

#include <atomic>
#include <cstdint>
#include <mutex>
#include <optional>
#include <string>

#include "base/clock.h"
#include "http/http.h"

namespace sluice {

struct RetryRules {
  // A passing failure: AWS's SDKs try 3 times; a run of an hour deserves more patience.
  uint32_t attempts_max = 10;
  Nanoseconds pause_base = 50_ms;  // AWS's SDKs since 2026-11: 50 ms, doubled each time
  Nanoseconds pause_most = 20_s;   // The same: 20 s
  // Being told to slow down is no failure while others get through: S3 needs minutes to give a
  // busy prefix more room.
  Nanoseconds refused_most = 300_s;
};

// However little is left of a job's patience: a shorter try would be none.
inline constexpr Nanoseconds try_least = 1_s;
// An answer may be all but still for so many times what is waited for its next byte: a server that
// keeps a long one alive with a byte now and then has some patience.
inline constexpr int64_t slow_timeouts_most = 5;

// Of a request that is one attempt of several: `answer_within` for its first byte and between two,
// and for none of it more than what is `left` for all.
void be_patient(HttpRequest& request, Nanoseconds answer_within, Nanoseconds left);

// Who asks for more patience than this (a Retry-After of years) doesn't mean to be waited for. A
// day is what daily budgets need.
inline constexpr Nanoseconds announced_wait_most = 24 * 3600_s;
// Behind why such a wait isn't waited for: "; it asks to wait for 2.0 d; run again then".
std::string asks_to_wait(Nanoseconds wait);
// A wait that is asked for and takes so long is said at once: else a run looks as if it hung.
inline constexpr Nanoseconds long_wait_min = 10_s;

// How long to wait before the next attempt: full jitter, U(0, min(base * 2^attempts, most)); what
// the server asked for (Retry-After) is kept in full. `attempts` made so far, from 1.
Nanoseconds pause_before_next(const RetryRules& rules, uint32_t attempts,
                              std::optional<Nanoseconds> asked_for, Chance& chance);

// Repetitions of all requests to one service share a bucket of tokens, so that an outage doesn't
// meet a storm. An empty one delays and never fails. Safe from any thread.
class RetryBucket {
 public:
  static constexpr double tokens_max = 500;  // As AWS's SDKs
  static constexpr double refill_per_second = 50;
  // A refusal costs nothing here: the pace takes care of it, and a burst of them must not leave a
  // debt that holds up the run long after.
  static constexpr double cost_of_failure = 14;
  // Takes the cost; how long to wait until it is covered.
  Nanoseconds take(double cost, Instant at);
  void succeeded();  // One token back

 private:
  std::mutex mutex_;
  double tokens_ = tokens_max;
  Instant refilled_at_ = {};
};

// The pace of all requests to one bucket: unlimited until, over a tenth of a second, more than one
// in seven is told to slow down; from then on a little more than what was accepted lately, growing
// as long as few are refused. So a refusal that is no sign of rate (one in ten at random) slows
// nothing. Safe from any thread.
class Pace {
 public:
  // When a request may go out that would like to at `at`: each slot is given once.
  Instant admit(Instant at);
  void accepted(Instant at) { count(accepted_, at); }
  void refused(Instant at) { count(refused_, at); }
  // Requests a second; 0: unlimited.
  double limit() const { return limit_.load(std::memory_order_relaxed); }

 private:
  static constexpr Nanoseconds window = 100_ms;
  static constexpr uint64_t window_requests_min = 20;  // Fewer say nothing.
  // Of a window's requests so many may be refused, and three times what chance adds to that.
  static constexpr double refused_share_most = 0.12;
  static constexpr double above_accepted = 1.1;  // The limit, when too many are refused,
  static constexpr double least_of_seen = 0.5;   // ... but at least so much of what was asked
  static constexpr double growth = 1.25;         // Of the limit, each window in which few are,
  static constexpr double growth_unrefused = 2;  // ... and in which none is
  static constexpr double least = 20;            // Requests a second
  // As long as this with few refusals, and the limit is forgotten.
  static constexpr Nanoseconds forgotten_after = 10_s;

  void count(std::atomic<uint64_t>& what, Instant at);
  void roll(Instant at);  // With the lock

  std::atomic<double> limit_{0};
  std::atomic<uint64_t> accepted_{0}, refused_{0};
  std::atomic<int64_t> window_ends_{0};
  std::mutex mutex_;
  // Guarded by mutex_.
  Instant window_began_ = {};
  uint64_t accepted_before_ = 0, refused_before_ = 0;  // When the window began
  Instant limited_at_ = {};                            // Last, by too many refusals
  Instant next_slot_ = {};
};

}  // namespace sluice
