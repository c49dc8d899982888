#include "job/checkpoints.h"

#include <doctest/doctest.h>

namespace sluice {

TEST_CASE("a unit that is resumed again and again lists more set aside than a manifest may") {
  ledger::Checkpoint begun{.cursor = "p1"};
  begun.set_aside.resize(set_aside_listed_max - 1, {.document = "earlier"});
  Checkpoints checkpoints(begun);
  const std::vector<SetAside> own(3, {.document = "own", .offset = 7, .reason = "bad"});
  CHECK(checkpoints.all_set_aside(own).size() == set_aside_listed_max);
  CHECK(checkpoints.all_set_aside(own).back().document == "own");

  checkpoints.mark(1, "p2", {}, own.size());
  checkpoints.store({.point = 1}, own);
  const auto made = checkpoints.take();
  REQUIRE(made);
  CHECK(made->set_aside.size() == set_aside_listed_max);
  CHECK(made->cursor == "p2");
}

TEST_CASE("a checkpoint lists what was set aside by then, not what came later") {
  Checkpoints checkpoints(std::nullopt);
  const std::vector<SetAside> own = {{.document = "a"}, {.document = "b"}};
  checkpoints.mark(1, "p2", {.documents = 3}, 1);
  checkpoints.store({.point = 1, .tally = {.records = 9}}, own);
  const auto made = checkpoints.take();
  REQUIRE(made);
  REQUIRE(made->set_aside.size() == 1);
  CHECK(made->set_aside[0].document == "a");
  CHECK(made->sums.documents == 3);
  CHECK(made->sums.records == 9);
  CHECK_FALSE(checkpoints.take());
}

}  // namespace sluice
