#include "base/annex.h"

#include <doctest/doctest.h>

#include <memory>

namespace sluice {

TEST_CASE("an annex is one seat's at a time, in the order in which they asked") {
  Budget common(100);
  Annex annex(*common.try_reserve(60));
  auto first = std::make_unique<Annex::Seat>(annex), second = std::make_unique<Annex::Seat>(annex);
  Annex::Seat third(annex);
  Budget* held = first->ask();
  REQUIRE(held != nullptr);
  CHECK(held->capacity() == 60);
  CHECK(second->ask() == nullptr);
  CHECK(third.ask() == nullptr);
  CHECK(first->ask() == held);
  second.reset();  // One that has waited in vain leaves no gap.
  CHECK(third.ask() == nullptr);
  first.reset();
  CHECK(third.ask() == held);
}

TEST_CASE("a seat that never asks holds nobody up") {
  Budget common(100);
  Annex annex(*common.try_reserve(60));
  Annex::Seat idle(annex), other(annex);
  CHECK(other.ask() != nullptr);
}

}  // namespace sluice
