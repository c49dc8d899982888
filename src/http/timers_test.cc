#include "http/timers.h"

#include <doctest/doctest.h>

namespace sluice {
namespace {

Timers with(std::initializer_list<int64_t> times) {
  Timers timers;
  for (const int64_t time : times)
    timers.push({Instant{time}, {.exchange = nullptr, .id = static_cast<ExchangeId>(time)}});
  return timers;
}

std::vector<ExchangeId> taken(Timers& timers, int64_t at) {
  std::vector<ExchangeId> ids;
  while (auto due = timers.take_due(Instant{at})) ids.push_back(due->id);
  return ids;
}

}  // namespace

TEST_CASE("what is due comes in the order of its times, and not before") {
  Timers timers = with({5, 1, 9, 3, 7});
  CHECK(timers.next() == Instant{1});
  CHECK(taken(timers, 0).empty());
  CHECK(taken(timers, 5) == std::vector<ExchangeId>{1, 3, 5});
  CHECK(timers.next() == Instant{7});
  CHECK(taken(timers, INT64_MAX) == std::vector<ExchangeId>{7, 9});
  CHECK_FALSE(timers.next());
}

TEST_CASE("what is given up is taken from anywhere, and the others keep their order") {
  for (const ExchangeId gone : {1, 4, 6, 8}) {
    Timers timers = with({8, 1, 6, 4, 2, 7, 3, 5});
    const auto one = timers.take(gone);
    REQUIRE(one);
    CHECK(one->id == gone);
    CHECK_FALSE(timers.take(gone));
    std::vector<ExchangeId> left;
    for (ExchangeId id = 1; id <= 8; ++id) {
      if (id != gone) left.push_back(id);
    }
    CHECK(taken(timers, 8) == left);
  }
}

}  // namespace sluice
