#include "s3/first_byte.h"

#include <algorithm>

namespace sluice::s3 {

std::optional<Nanoseconds> FirstByte::slow_one() {
  const uint64_t count = count_.load(std::memory_order_relaxed);
  if (count < seen_least) return std::nullopt;
  // Percentiles cost a walk over the histogram: looked up anew for every hundred.
  uint64_t looked_at = looked_at_.load(std::memory_order_relaxed);
  if (count - looked_at >= seen_least &&
      looked_at_.compare_exchange_strong(looked_at, count, std::memory_order_relaxed)) {
    slow_.store(std::max({times_.percentile(0.99), 2 * times_.percentile(0.5), shortest}),
                std::memory_order_relaxed);
  }
  const Nanoseconds slow = slow_.load(std::memory_order_relaxed);
  if (slow == 0) return std::nullopt;
  return slow;
}

bool FirstByte::may_hedge() {
  const uint64_t hedges = hedges_.fetch_add(1, std::memory_order_relaxed);
  if (hedges < 5 + count_.load(std::memory_order_relaxed) / one_in) return true;
  hedges_.fetch_sub(1, std::memory_order_relaxed);
  return false;
}

}  // namespace sluice::s3
