#include "source/errands.h"

#include <doctest/doctest.h>

#include <string>
#include <vector>

namespace sluice {
namespace {

struct Bench {
  InFlight in_flight{8};
  Inbox inbox;
  TicketSeries tickets{7};
  Errands<std::string> errands{in_flight, inbox, tickets};

  Ticket send(std::string what) {
    REQUIRE(in_flight.try_take(Turn::head));
    return errands.sent(std::move(what));
  }
};

using State = Errands<std::string>::State;

TEST_CASE("an answer brings back what it was for, and its slot, once") {
  Bench bench;
  const Ticket a = bench.send("a"), b = bench.send("b");
  CHECK(bench.errands.under_way() == 2);
  REQUIRE(bench.errands.find(a) != nullptr);
  CHECK(*bench.errands.find(a) == "a");
  CHECK(bench.in_flight.open() == 2);  // Looking takes nothing
  const auto back = bench.errands.take(b);
  REQUIRE(back);
  CHECK(back->what == "b");
  CHECK(back->was == State::under_way);
  CHECK(bench.in_flight.open() == 1);
  CHECK(!bench.errands.take(b));
  CHECK(!bench.errands.take(99));
  CHECK(bench.in_flight.open() == 1);
}

TEST_CASE("what rests holds no slot, and its event comes when it is over") {
  Bench bench;
  const Ticket ticket = bench.errands.rests("a", now() + 1_ms);
  CHECK(bench.errands.open() == 1);
  CHECK(bench.errands.under_way() == 0);
  const auto event = bench.inbox.wait();
  CHECK(event->ticket == ticket);
  const auto back = bench.errands.take(event->ticket);
  REQUIRE(back);
  CHECK(back->was == State::resting);
  CHECK(bench.errands.open() == 0);
  CHECK(bench.in_flight.open() == 0);
}

TEST_CASE("after the stop nothing that rests is waited for, and what is under way is cancelled") {
  Bench bench;
  const Ticket sent = bench.send("a");
  const Ticket resting = bench.errands.rests("b", now() + 600_s);
  std::vector<Ticket> cancelled;
  bench.errands.stop([&](Ticket ticket) { cancelled.push_back(ticket); });
  CHECK(cancelled == std::vector<Ticket>{sent});
  CHECK(!bench.errands.take(resting));
  CHECK(bench.errands.open() == 1);  // Its answer comes all the same
  CHECK(bench.errands.take(sent));
  CHECK(bench.errands.open() == 0);
  CHECK(bench.in_flight.open() == 0);
}

TEST_CASE("only a rest can be dropped") {
  Bench bench;
  const Ticket sent = bench.send("a");
  const Ticket resting = bench.errands.rests("b", now() + 600_s);
  bench.errands.drop_rest(sent);
  bench.errands.drop_rest(resting);
  CHECK(bench.errands.open() == 1);
  CHECK(bench.errands.find(sent) != nullptr);
}

TEST_CASE("a store's passing errors are tried again four times, each after twice the rest") {
  const Error passing{ErrorKind::throttled, "slow down"};
  CHECK(rest_before_retry(passing, 0) == 100_ms);
  CHECK(rest_before_retry({ErrorKind::transient, ""}, 3) == 800_ms);
  CHECK(!rest_before_retry(passing, 4));
  CHECK(!rest_before_retry({ErrorKind::denied, ""}, 0));
}

}  // namespace
}  // namespace sluice
