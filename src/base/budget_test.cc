#include "base/budget.h"

#include <doctest/doctest.h>

namespace sluice {

TEST_CASE("a budget gives no more than it has, and takes back what a lease held") {
  Budget budget(100);
  auto first = budget.try_reserve(60);
  REQUIRE(first);
  CHECK_FALSE(budget.try_reserve(41));
  auto second = budget.try_reserve(40);
  REQUIRE(second);
  first.reset();
  CHECK(budget.used() == 40);
  CHECK(budget.peak() == 100);
}

TEST_CASE("a lease can be cut, joined and shrunk without bytes being lost") {
  Budget budget(100);
  Lease lease = std::move(*budget.try_reserve(50));
  Lease cut = lease.split(20);
  CHECK(lease.bytes() == 30);
  cut.shrink(5);
  CHECK(budget.used() == 35);
  lease.merge(std::move(cut));
  CHECK(lease.bytes() == 35);
  CHECK(lease.try_grow(65));
  CHECK_FALSE(lease.try_grow(1));
  lease.release();
  CHECK(budget.used() == 0);
}

TEST_CASE("a share is nobody else's, and returns whole") {
  Budget process(100);
  {
    Budget unit(std::move(*process.try_reserve(80)));
    CHECK(process.used() == 80);
    auto lease = unit.try_reserve(80);
    CHECK(lease);
    CHECK_FALSE(unit.try_reserve(1));
  }
  CHECK(process.used() == 0);
}

}  // namespace sluice
