#include "flow/workers.h"

#include <doctest/doctest.h>

namespace sluice {
namespace {

struct Count : Work {
  Count(Ticket ticket, Scratch::Key key) : Work(ticket), key(key) {}
  void run(Scratch& scratch) override {
    uses = ++scratch.get<int>(key, [] { return 0; });
  }
  Scratch::Key key;
  int uses = 0;
};

}  // namespace

TEST_CASE("every piece of work comes back once, as the event it is") {
  Inbox inbox;
  Workers workers(3);
  constexpr Ticket pieces = 500;
  for (Ticket t = 0; t < pieces; ++t) workers.submit(std::make_unique<Count>(t, 1), inbox);
  std::vector<int> seen(pieces);
  for (Ticket t = 0; t < pieces; ++t) ++seen[inbox.wait()->ticket];
  CHECK(std::count(seen.begin(), seen.end(), 1) == pieces);
}

TEST_CASE("a worker keeps what it made under a key, and other keys are others' things") {
  Inbox inbox;
  Workers workers(1);
  const Scratch::Key mine = Scratch::new_key(), other = Scratch::new_key();
  CHECK(mine != other);
  int uses = 0;
  for (const Scratch::Key key : {mine, mine, other, mine}) {
    workers.submit(std::make_unique<Count>(1, key), inbox);
    uses = dynamic_cast<Count&>(*inbox.wait()).uses;
  }
  CHECK(uses == 3);
}

TEST_CASE("workers that are told to end drop what has not begun") {
  Inbox inbox;
  auto workers = std::make_unique<Workers>(1);
  for (Ticket t = 0; t < 100; ++t) workers->submit(std::make_unique<Count>(t, 1), inbox);
  workers.reset();  // Ends; nothing hangs
  CHECK(true);
}

}  // namespace sluice
