#include "http/retry.h"

#include <algorithm>
#include <cmath>

#include "base/time.h"

namespace sluice {

void be_patient(HttpRequest& request, Nanoseconds answer_within, Nanoseconds left) {
  request.first_byte_within = request.stalled_after = std::min(answer_within, left);
  request.slow_most = std::min(slow_timeouts_most * answer_within, left);
}

std::string asks_to_wait(Nanoseconds wait) {
  return "; it asks to wait for " + print_duration(wait) + "; run again then";
}

Nanoseconds pause_before_next(const RetryRules& rules, uint32_t attempts,
                              std::optional<Nanoseconds> asked_for, Chance& chance) {
  const uint32_t doublings = std::min(attempts - std::min(attempts, 1U), 30U);
  const Nanoseconds most =
      std::min<Nanoseconds>(rules.pause_base << std::min(doublings, 20U), rules.pause_most);
  const auto pause = static_cast<Nanoseconds>(chance.below(static_cast<uint64_t>(most) + 1));
  return std::max(pause, asked_for.value_or(0));
}

Nanoseconds RetryBucket::take(double cost, Instant at) {
  const std::lock_guard lock(mutex_);
  if (refilled_at_ != Instant{}) {
    const double seconds = static_cast<double>(at - refilled_at_) / 1e9;
    tokens_ = std::min(tokens_max, tokens_ + std::max(0.0, seconds) * refill_per_second);
  }
  refilled_at_ = at;
  tokens_ -= cost;
  return tokens_ >= 0 ? 0 : static_cast<Nanoseconds>(-tokens_ / refill_per_second * 1e9);
}

void RetryBucket::succeeded() {
  const std::lock_guard lock(mutex_);
  tokens_ = std::min(tokens_max, tokens_ + 1);
}

Instant Pace::admit(Instant at) {
  const double limit = limit_.load(std::memory_order_relaxed);
  if (limit == 0) return at;
  const std::lock_guard lock(mutex_);
  roll(at);
  const double current = limit_.load(std::memory_order_relaxed);
  if (current == 0) return at;
  const Instant slot = std::max(at, next_slot_);
  next_slot_ = slot + static_cast<Nanoseconds>(1e9 / current);
  return slot;
}

void Pace::count(std::atomic<uint64_t>& what, Instant at) {
  what.fetch_add(1, std::memory_order_relaxed);
  if (at.ns < window_ends_.load(std::memory_order_relaxed)) return;
  const std::lock_guard lock(mutex_);
  roll(at);
}

// At a window's end: was it too fast?
void Pace::roll(Instant at) {
  if (window_began_ == Instant{}) {
    window_began_ = at;
    window_ends_.store(at.ns + window, std::memory_order_relaxed);
  }
  const Nanoseconds length = at - window_began_;
  if (length < window) return;
  const uint64_t accepted = accepted_.load(std::memory_order_relaxed);
  const uint64_t refused = refused_.load(std::memory_order_relaxed);
  const auto got = static_cast<double>(accepted - accepted_before_);
  const auto lost = static_cast<double>(refused - refused_before_);
  if (got + lost < window_requests_min && length < 1_s) return;

  const double before = limit_.load(std::memory_order_relaxed);
  const double seen = got + lost;
  const double seconds = static_cast<double>(length) / 1e9;
  const double chance = 3 * std::sqrt(seen * refused_share_most * (1 - refused_share_most));
  double limit = before;
  if (lost > seen * refused_share_most + chance) {
    limit = std::max({least, got / seconds * above_accepted, seen / seconds * least_of_seen});
    limited_at_ = at;
    next_slot_ = std::max(next_slot_, at);
  } else if (limit != 0 && at - limited_at_ > forgotten_after) {
    limit = 0;
  } else if (limit != 0) {
    limit *= lost == 0 ? growth_unrefused : growth;
    // Slots that were given out far ahead, at the old limit, must not hold up those to come.
    if (next_slot_ > at) {
      const auto ahead = static_cast<double>(next_slot_ - at);
      next_slot_ = at + static_cast<Nanoseconds>(ahead * before / limit);
    }
  }
  limit_.store(limit, std::memory_order_relaxed);
  accepted_before_ = accepted;
  refused_before_ = refused;
  window_began_ = at;
  window_ends_.store(at.ns + window, std::memory_order_relaxed);
}

}  // namespace sluice
