#include "flow/stage.h"

#include <doctest/doctest.h>

namespace sluice {
namespace {

TEST_CASE("the last slot is kept for whoever's turn it is") {
  for (const uint32_t most : {1U, 2U, 512U}) {
    InFlight slots(most);
    while (slots.try_take(Turn::ahead)) {
    }
    CHECK(slots.open() == most - 1);
    CHECK(slots.try_take(Turn::head));
    CHECK_FALSE(slots.try_take(Turn::head));
    slots.give_back();
    CHECK_FALSE(slots.has_room(Turn::ahead));
    CHECK(slots.has_room(Turn::head));
  }
  CHECK_FALSE(InFlight(0).has_room(Turn::head));
}

TEST_CASE(
    "a request gets a slot and bytes, or neither; whoever's turn it is gets both out of its "
    "share") {
  Budget common(120), shares(100);
  InFlight slots(2);
  Purse purse(common, slots, *shares.try_reserve(60), *shares.try_reserve(40));
  purse.set_turn(7);
  const auto ahead = purse.admit(8, 110);  // But for what is left free for windows
  REQUIRE(ahead);
  CHECK_FALSE(purse.admit(9, 1));
  CHECK(slots.open() == 1);
  CHECK_FALSE(purse.admit(7, 61));
  CHECK(slots.open() == 1);
  auto head = purse.admit(7, 60);
  REQUIRE(head);
  CHECK(slots.open() == 2);
  CHECK_FALSE(purse.admit(7, 0));
  CHECK(purse.reserve(7, 40, Purse::For::window));
  head->release();
  for (Lease& share : purse.release()) share.release();
}

TEST_CASE("whether something of it is placed is forgotten with each turn") {
  Budget common(0);
  InFlight slots(0);
  Purse purse(common, slots, Lease(), Lease());
  purse.begin_placing();
  CHECK(purse.is_placing());
  purse.set_turn(1);
  CHECK_FALSE(purse.is_placing());
}

}  // namespace
}  // namespace sluice
