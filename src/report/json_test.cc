#include "report/json.h"

#include <doctest/doctest.h>

#include "base/time.h"

namespace sluice {
namespace {

// With something in every field that is printed.
RunReport full_report() {
  RunReport run{.job = "trail", .run_id = "01HQ", .started = *parse_time("2024-02-09T01:00:00Z")};
  UnitReport unit{.unit = "2024-02-08", .outcome = UnitOutcome::done_by_other, .epoch = 7};
  unit.tally = {.documents = 1,
                .bytes_read = 2,
                .bytes_inflated = 3,
                .documents_set_aside = 5,
                .documents_partial = 6,
                .records_set_aside = 7,
                .filtered = 4,
                .duplicates = 9,
                .conflicts = 10,
                .records = 8,
                .objects = 11,
                .bytes_written = 12};
  unit.documents_before = 13;
  unit.reached = "2024-02-08T10:00:00Z";
  unit.error = Error{ErrorKind::throttled, "a \"quoted\" word"};
  unit.wall = 1_s + 2_ms + Nanoseconds{3'000};
  unit.mixed = Nanoseconds{999'000};
  unit.set_aside = {{.document = "caf\xE9", .offset = 17, .bytes = 4, .reason = "cut"},
                    {.document = "b", .reason = "gone", .whole = true}};
  unit.warnings = {"one", "tw\no"};
  run.units = {unit, UnitReport{.unit = "2024-02-09", .outcome = UnitOutcome::stopped}};
  run.errors = {"an error"};
  run.warnings = {"a warning"};
  run.remarks = {"a remark"};
  run.wall = 200_ms;
  run.cpu = 150_ms;
  run.memory_bytes = 256 << 20;
  run.memory_peak_bytes = 48 << 20;
  run.resident_peak_bytes = 60 << 20;
  run.calls = {{.name = "source get", .count = 3, .failed = 1, .bytes = 2, .wall = 20_s}};
  run.stages = {{.name = "decode", .cpu = 1_ms, .wait = 2_ms, .p50 = 3_ms, .p99 = 4_ms},
                {.name = "refine", .longest = 5_ms}};
  return run;
}

TEST_CASE("a report with everything in it is the same once it is read again") {
  const RunReport run = full_report();
  const std::string text = report::json(run, 4);
  const auto read = report::parse_json(text);
  REQUIRE_MESSAGE(read.ok(), read.error().message);
  CHECK(read->exit_code == 4);
  CHECK(report::json(read->run, 4) == text);
  REQUIRE(read->run.units.size() == 2);
  const UnitReport& unit = read->run.units[0];
  CHECK(unit.tally.records_set_aside == 7);
  CHECK(unit.tally.bytes_written == 12);
  CHECK(unit.outcome == UnitOutcome::done_by_other);
  CHECK(unit.set_aside == run.units[0].set_aside);
  CHECK(unit.wall == run.units[0].wall);
  CHECK(unit.error->kind == ErrorKind::throttled);
  CHECK(read->run.exit_code(false) == run.exit_code(false));
  CHECK(read->run.stages[1].longest == 5_ms);
}

TEST_CASE("every outcome and every kind of error has a name that is read again") {
  for (int i = 0; i <= static_cast<int>(UnitOutcome::stopped); ++i) {
    RunReport run;
    run.units = {UnitReport{.outcome = static_cast<UnitOutcome>(i)}};
    CHECK(report::parse_json(report::json(run, 0))->run.units[0].outcome == run.units[0].outcome);
  }
  for (int i = 0; i <= static_cast<int>(ErrorKind::internal); ++i) {
    RunReport run;
    run.units = {UnitReport{.error = Error{static_cast<ErrorKind>(i), ""}}};
    CHECK(report::parse_json(report::json(run, 0))->run.units[0].error->kind ==
          static_cast<ErrorKind>(i));
  }
}

TEST_CASE("what is no report says why, and what a newer version adds is passed over") {
  const std::string good = report::json(full_report(), 0, {{"test", "{\"x\": [1]}"}});
  CHECK(report::parse_json(good).ok());
  const auto why = [](const std::string& text) {
    const auto read = report::parse_json(text);
    REQUIRE(!read.ok());
    CHECK(read.error().kind == ErrorKind::invalid);
    return read.error().message;
  };
  CHECK(why("") != "");
  CHECK(why("[]").find("not an object") != std::string::npos);
  CHECK(why("{}").find("`job` is missing") != std::string::npos);
  const auto with = [&](std::string_view was, std::string_view is) {
    std::string text = good;
    text.replace(text.find(was), was.size(), is);
    return why(text);
  };
  CHECK(with("\"epoch\": 7", "\"epoch\": -7").find("`epoch`") != std::string::npos);
  CHECK(with("\"done by another run\"", "\"well\"").find("`outcome`") != std::string::npos);
  CHECK(with("1002.003", "1002").find("`wall_ms`") != std::string::npos);
  CHECK(with("\"calls\": {", "\"calls\": [{").find("not") != std::string::npos);
}

}  // namespace
}  // namespace sluice
