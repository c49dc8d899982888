#include "http/retry.h"

#include <doctest/doctest.h>

namespace sluice {

TEST_CASE("pauses grow twofold up to their most, anywhere between nothing and that") {
  Chance chance(1);
  const RetryRules rules;
  for (uint32_t attempts = 1; attempts < 40; ++attempts) {
    Nanoseconds longest = 0, shortest = INT64_MAX;
    for (int i = 0; i < 500; ++i) {
      const Nanoseconds pause = pause_before_next(rules, attempts, {}, chance);
      longest = std::max(longest, pause);
      shortest = std::min(shortest, pause);
    }
    const Nanoseconds most =
        attempts > 20 ? 20_s : std::min<Nanoseconds>(50_ms << (attempts - 1), 20_s);
    CHECK(longest <= most);
    CHECK(longest > most * 9 / 10);
    CHECK(shortest < most / 10);
  }
  CHECK(pause_before_next(rules, 1, 90_s, chance) == 90_s);
}

TEST_CASE("an empty bucket of tokens delays a repetition, and successes fill it") {
  RetryBucket bucket;
  const Instant at{1'000'000'000};
  Nanoseconds wait = 0;
  for (int i = 0; i < 100; ++i) wait = bucket.take(5, at);
  CHECK(wait == 0);
  wait = bucket.take(5, at);
  CHECK(wait == 100_ms);
  for (int i = 0; i < 10; ++i) bucket.succeeded();
  CHECK(bucket.take(5, at) == 0);
  CHECK(bucket.take(500, at) == 10_s);
  CHECK(bucket.take(0, at + 20_s) == 0);
}

namespace {

// A server that accepts so many a second and refuses the rest; requests go as the pace admits them,
// at most `open` at once, each taking 50 ms. How many it served in how many seconds.
struct Served {
  uint64_t accepted = 0, refused = 0;
};
Served serve(Pace& pace, double per_second, double refuse_at_random, int seconds) {
  Chance chance(3);
  Served served;
  double tokens = 0;
  Instant at{1'000'000'000};
  const Instant end = at + seconds * 1_s;
  Instant slot = pace.admit(at);
  // Time goes by in steps of 0.1 ms, in which a client with 512 open could send one.
  for (; at < end; at = at + 100'000) {
    tokens = std::min(tokens + per_second / 10'000, per_second / 10);
    if (slot > at) continue;
    const bool at_random = static_cast<double>(chance.below(1000)) < refuse_at_random * 1000;
    if (tokens >= 1 && !at_random) {
      tokens -= 1;
      ++served.accepted;
      pace.accepted(at);
    } else {
      ++served.refused;
      pace.refused(at);
    }
    slot = pace.admit(at);
  }
  return served;
}

}  // namespace

TEST_CASE("without a refusal there is no limit") {
  Pace pace;
  const Served served = serve(pace, 1e9, 0, 2);
  CHECK(served.accepted == 20'000);
  CHECK(pace.limit() == 0);
}

TEST_CASE("under a cap nearly all of it is used, and few are refused") {
  Pace pace;
  const Served served = serve(pace, 5'500, 0, 10);
  CHECK(served.accepted > 10 * 5'500 * 0.95);
  CHECK(served.refused < served.accepted / 4);
}

TEST_CASE("one in ten refused at random hardly slows anything") {
  Pace pace;
  const Served served = serve(pace, 1e9, 0.1, 5);
  CHECK(served.accepted + served.refused > 5 * 10'000 * 0.9);
}

TEST_CASE("after a while without refusals the limit is forgotten") {
  Pace pace;
  serve(pace, 100, 0, 1);
  CHECK(pace.limit() > 0);
  serve(pace, 1e9, 0, 15);
  CHECK(pace.limit() == 0);
}

}  // namespace sluice
