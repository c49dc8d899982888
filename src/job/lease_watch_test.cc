#include "job/lease_watch.h"

#include <doctest/doctest.h>

namespace sluice {

TEST_CASE("a claim is stale once its record has stayed as it was for a whole lease") {
  LeaseWatch watch(60_s);
  const Instant begin = now();
  watch.see(ETag("a"), begin);
  CHECK_FALSE(watch.is_stale(begin));
  watch.see(ETag("a"), begin + 59_s);
  CHECK_FALSE(watch.is_stale(begin + 59_s));
  CHECK(watch.is_stale(begin + 60_s));
}

TEST_CASE("each renewal begins the lease anew, and shows that somebody lives") {
  LeaseWatch watch(60_s);
  const Instant begin = now();
  watch.see(ETag("a"), begin);
  CHECK_FALSE(watch.has_changed());
  for (int i = 1; i < 10; ++i) {
    watch.see(ETag(std::to_string(i)), begin + i * 40_s);
    CHECK(watch.has_changed());
    CHECK_FALSE(watch.is_stale(begin + i * 40_s + 59_s));
  }
  CHECK(watch.is_stale(begin + 9 * 40_s + 60_s));
}

TEST_CASE("looks are soon at first and then a twentieth of the lease apart") {
  LeaseWatch watch(60_s);
  CHECK(watch.pause() == 100_ms);
  CHECK(watch.pause() == 200_ms);
  for (int i = 0; i < 10; ++i) watch.pause();
  CHECK(watch.pause() == 3_s);
}

TEST_CASE("a claim that nobody has seen yet is not stale") {
  CHECK_FALSE(LeaseWatch(1_s).is_stale(now() + 3600_s));
}

}  // namespace sluice
