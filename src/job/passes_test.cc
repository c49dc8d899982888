#include "job/passes.h"

#include <doctest/doctest.h>

#include <string>

#include "base/time.h"

namespace sluice {
namespace {

Incremental by(const char* field, CursorKind kind, uint64_t lookback = 0) {
  return {.field = json::parse_path(field).value(), .kind = kind, .lookback = lookback};
}

const WallTime now = *parse_time("2024-02-08T12:00:00Z");

ledger::Record after(ledger::Reached what) {
  ledger::Record record;
  record.manifest = ledger::Manifest{.reached = std::move(what)};
  return record;
}

TEST_CASE("A pass begins where the last committed one ended") {
  const Incremental job = by(".changed", CursorKind::time, 3'600'000'000'000);
  HighWater water;
  const int64_t greatest = parse_cursor("2024-02-08T10:00:00.25Z", CursorKind::time).value();
  water.add({greatest, 17}, job.lookback);
  water.settle(job.lookback);
  const auto written = reached(since(job, {}, now), water);
  REQUIRE(written.ok());
  CHECK(written->greatest == "2024-02-08T10:00:00.250Z");
  const auto next = next_pass(job, after(*written), now);
  REQUIRE(next.ok());
  CHECK(print_cursor(next->from, job.kind) == "2024-02-08T09:00:00.250Z");
  CHECK(next->had({greatest, 17}));
  CHECK_FALSE(next->had({greatest, 18}));
}

TEST_CASE("The first pass, and one after passes without a record, begins where the job says") {
  Incremental job = by(".id", CursorKind::integer);
  job.from = 9;
  CHECK(next_pass(job, {}, now)->from == 9);
  CHECK(reached(since(job, {}, now), {}).value() == ledger::Reached{});
  CHECK(next_pass(job, after({}), now)->from == 9);
}

TEST_CASE("A widened lookback doubles nothing: what nobody knows again isn't asked for") {
  Incremental job = by(".id", CursorKind::integer, 2);
  HighWater water;
  for (int64_t id = 1; id <= 20; ++id) water.add({id, 7}, job.lookback);
  water.settle(job.lookback);
  const auto written = reached(since(job, {}, now), water);
  CHECK(written->covered == "18");
  job.lookback = 10;
  const auto next = next_pass(job, after(*written), now);
  CHECK(next->from == 18);
  REQUIRE(warnings_of(*next).size() == 1);
  CHECK(warnings_of(*next)[0].find("from 18 on") != std::string::npos);
  job.lookback = 1;
  CHECK(next_pass(job, after(*written), now)->from == 19);
  CHECK(warnings_of(*next_pass(job, after(*written), now)).empty());
}

TEST_CASE("A pass of records from the future alone leaves the next one to begin where it began") {
  Incremental job = by(".changed", CursorKind::time);
  job.from = parse_cursor("2024-01-01", CursorKind::time).value();
  const Since pass = since(job, {}, now);
  HighWater water;
  water.add_beyond({parse_cursor("2199-01-01", CursorKind::time).value(), 7});
  water.settle(0);
  REQUIRE(warnings_of(pass, water).size() == 1);
  CHECK(warnings_of(pass, water)[0].starts_with("1 record has a .changed further beyond now"));
  const auto written = reached(pass, water);
  REQUIRE(written.ok());
  const auto next = next_pass(job, after(*written), now);
  CHECK(next->from == job.from);
  CHECK(next->had(water.beyond()[0]));
}

TEST_CASE("Another field, or one of another kind, can't be gone on by") {
  const Incremental job = by(".id", CursorKind::integer);
  for (const ledger::Reached& last :
       {ledger::Reached{".number", "12"}, ledger::Reached{".id", "2024-02-08"},
        ledger::Reached{".id", "12", "x"}}) {
    const auto next = next_pass(job, after(last), now);
    REQUIRE_FALSE(next.ok());
    CHECK(next.error().message.find("goes by .id") != std::string::npos);
  }
}

TEST_CASE("More records within the lookback than can be remembered are an error") {
  const Incremental job = by(".id", CursorKind::integer, ~0ULL);
  HighWater water;
  for (uint64_t i = 0; i <= near_records_max; ++i) water.add({1, i}, job.lookback);
  water.settle(job.lookback);
  const auto written = reached(since(job, {}, now), water);
  REQUIRE_FALSE(written.ok());
  CHECK(written.error().message.find("10001 records lie within") != std::string::npos);
}

}  // namespace
}  // namespace sluice
