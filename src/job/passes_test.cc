#include "job/passes.h"

#include <doctest/doctest.h>

#include <string>

namespace sluice {
namespace {

Incremental by(const char* field, CursorKind kind, uint64_t lookback = 0) {
  return {.field = json::parse_path(field).value(), .kind = kind, .lookback = lookback};
}

ledger::Record after(ledger::Reached what) {
  ledger::Record record;
  record.manifest.emplace().reached = std::move(what);
  return record;
}

TEST_CASE("A pass begins where the last committed one ended") {
  const Incremental job = by(".changed", CursorKind::time, 3'600'000'000'000);
  HighWater water;
  const int64_t greatest = parse_cursor("2024-02-08T10:00:00.25Z", CursorKind::time).value();
  water.add({greatest, 17}, job.lookback);
  water.settle(job.lookback);
  const auto written = reached(job, water);
  REQUIRE(written.ok());
  CHECK(written->greatest == "2024-02-08T10:00:00.250Z");
  const auto next = next_pass(job, after(*written));
  REQUIRE(next.ok());
  CHECK(print_cursor(next->from, job.kind) == "2024-02-08T09:00:00.250Z");
  CHECK(next->had({greatest, 17}));
  CHECK_FALSE(next->had({greatest, 18}));
}

TEST_CASE("The first pass, and one after passes without a record, begins where the job says") {
  Incremental job = by(".id", CursorKind::integer);
  job.from = 9;
  CHECK(next_pass(job, {})->from == 9);
  CHECK(reached(job, {}).value() == ledger::Reached{});
  CHECK(next_pass(job, after({}))->from == 9);
}

TEST_CASE("Another field, or one of another kind, can't be gone on by") {
  const Incremental job = by(".id", CursorKind::integer);
  for (const ledger::Reached& last :
       {ledger::Reached{".number", "12", ""}, ledger::Reached{".id", "2024-02-08", ""},
        ledger::Reached{".id", "12", "x"}}) {
    const auto next = next_pass(job, after(last));
    REQUIRE_FALSE(next.ok());
    CHECK(next.error().message.find("goes by .id") != std::string::npos);
  }
}

TEST_CASE("More records within the lookback than can be remembered are an error") {
  const Incremental job = by(".id", CursorKind::integer, ~0ULL);
  HighWater water;
  for (uint64_t i = 0; i <= near_records_max; ++i) water.add({1, i}, job.lookback);
  water.settle(job.lookback);
  const auto written = reached(job, water);
  REQUIRE_FALSE(written.ok());
  CHECK(written.error().message.find("10001 records lie within") != std::string::npos);
}

}  // namespace
}  // namespace sluice
