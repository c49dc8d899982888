#include "source/request_rate.h"

#include <doctest/doctest.h>

#include <algorithm>

#include "base/time.h"

namespace sluice {

namespace {
const WallTime noon = *parse_time("2024-02-08T12:00:00Z");
}

TEST_CASE("requests go out evenly, as many as the job says") {
  RequestRate rate(10, 1);
  const Instant at{1'000'000'000'000};
  CHECK(rate.next_slot(at).when == at);
  CHECK(rate.next_slot(at).when == at + 100_ms);
  CHECK(rate.next_slot(at + 50_ms).when == at + 200_ms);
  CHECK(rate.next_slot(at + 5_s).when == at + 5_s);
}

TEST_CASE("identities take turns, and one that is held lets the others go first") {
  RequestRate rate(0, 3);
  const Instant at{1'000'000'000'000};
  std::vector<size_t> turns;
  for (int i = 0; i < 6; ++i) turns.push_back(rate.next_slot(at).identity);
  for (size_t i = 0; i < 3; ++i) CHECK(std::count(turns.begin(), turns.end(), i) == 2);
  rate.hold(1, at + 10_s);
  for (int i = 0; i < 4; ++i) CHECK(rate.next_slot(at + 1_s).identity != 1);
  rate.hold(0, at + 20_s);
  rate.hold(2, at + 20_s);
  const auto slot = rate.next_slot(at + 2_s);
  CHECK(slot.identity == 1);
  CHECK(slot.when == at + 10_s);
}

TEST_CASE("a budget that is used up is waited for, however it is told") {
  const std::string later = std::to_string(noon.ns / 1'000'000'000 + 60);
  CHECK(until_reset({{"X-RateLimit-Remaining", "0"}, {"X-RateLimit-Reset", later}}, noon) == 60_s);
  CHECK(until_reset({{"x-ratelimit-remaining", "0"}, {"x-ratelimit-reset", "7"}}, noon) == 7_s);
  CHECK(until_reset({{"RateLimit-Remaining", "0"}, {"RateLimit-Reset", "1.5"}}, noon) == 1'500_ms);
  CHECK_FALSE(until_reset({{"X-RateLimit-Remaining", "1"}, {"X-RateLimit-Reset", later}}, noon));
  CHECK_FALSE(until_reset({{"X-RateLimit-Remaining", "0"}}, noon));
  // The server's own clock counts.
  CHECK(until_reset({{"X-RateLimit-Remaining", "0"},
                     {"X-RateLimit-Reset", later},
                     {"Date", "Thu, 08 Feb 2024 12:00:50 GMT"}},
                    noon) == 10_s);
}

}  // namespace sluice
