#include "report/table.h"

#include <doctest/doctest.h>

#include "base/time.h"
#include "report/columns.h"
#include "report/costs.h"
#include "report/json.h"

namespace sluice {
namespace {

RunReport day_report() {
  RunReport run{.job = "trail", .run_id = "01HQ", .started = *parse_time("2024-02-09T01:00:00Z")};
  UnitReport unit{.unit = "2024-02-08", .outcome = UnitOutcome::done, .epoch = 7};
  unit.tally.documents = 3'911;
  unit.tally.bytes_read = 2 << 20;
  unit.tally.bytes_inflated = 20 << 20;
  unit.tally.documents_set_aside = 1;
  unit.tally.records = 17'648;
  unit.tally.duplicates = 12;
  unit.tally.objects = 2;
  unit.tally.bytes_written = 1 << 20;
  unit.wall = 180_ms;
  unit.mixed = 12_ms;
  unit.set_aside.push_back({.document = "s3://logs/a.json.gz",
                            .offset = 17,
                            .reason = "ends in the middle",
                            .whole = true});
  unit.warnings.push_back("s3://logs/b.json.gz: 512 zero bytes behind a gzip member ignored");
  run.units.push_back(unit);
  run.wall = 200_ms;
  run.cpu = 150_ms;
  run.memory_bytes = 256 << 20;
  run.memory_peak_bytes = 48 << 20;
  run.calls.push_back({.name = "source get",
                       .count = 3'911,
                       .bytes = 2 << 20,
                       .wall = 20_s,
                       .p50 = 3_ms,
                       .p99 = 27_ms,
                       .longest = 60_ms});
  return run;
}

}  // namespace

TEST_CASE("a run's table shows its units, its calls and what went wrong") {
  CHECK(report::table(day_report()) ==
        R"(job trail, run 01HQ, 2024-02-09T01:00:00Z

unit        outcome  documents  records  objects  bytes in -> out    time
2024-02-08  done         3,911   17,648        2     2MiB -> 1MiB  180 ms

call or stage  count  failed  bytes  wall  CPU  wait   p50    p99    max
source get     3,911       -   2MiB  20 s    -     -  3 ms  27 ms  60 ms

records: 12 duplicates dropped

set aside: 1 document
  s3://logs/a.json.gz at byte 17: ends in the middle

warning: s3://logs/b.json.gz: 512 zero bytes behind a gzip member ignored

200 ms, 150 ms CPU, memory 48MiB of 256MiB, 0.05 GB-seconds
a reader that lists may have seen a mixture, for 12 ms at most
)");
}

TEST_CASE("a run's JSON has every number, with its unit last in the name") {
  CHECK(
      report::json(day_report(), 3, {{"test", "{}"}}) ==
      R"({"job": "trail", "run": "01HQ", "started": "2024-02-09T01:00:00Z", "exit_code": 3, )"
      R"("documents": 3911, "records": 17648, "objects": 2, "set_aside": 1, )"
      R"("bytes_read": 2097152, "bytes_written": 1048576, "wall_ms": 200.000, "cpu_ms": 150.000, )"
      R"("memory_bytes": 268435456, "memory_peak_bytes": 50331648, )"
      R"("gigabyte_seconds": 0.05, "request_dollars": 0.001564, "units": [)"
      R"({"unit": "2024-02-08", "outcome": "done", "epoch": 7, "documents": 3911, )"
      R"("records": 17648, "filtered": 0, "duplicates": 12, "conflicts": 0, )"
      R"("documents_set_aside": 1, "documents_partial": 0, "records_set_aside": 0, )"
      R"("objects": 2, "bytes_read": 2097152, "bytes_inflated": 20971520, )"
      R"("bytes_written": 1048576, "wall_ms": 180.000, "mixed_ms": 12.000, "set_aside": [)"
      R"({"document": "s3://logs/a.json.gz", "offset_bytes": 17, "whole": true, )"
      R"("reason": "ends in the middle"}], "warnings": [)"
      R"("s3://logs/b.json.gz: 512 zero bytes behind a gzip member ignored"]}], )"
      R"("errors": [], "calls": {"source get": {"count": 3911, "failed": 0, )"
      R"("bytes": 2097152, "wall_ms": 20000.000, "cpu_ms": 0.000, "wait_ms": 0.000, )"
      R"("p50_ms": 3.000, "p99_ms": 27.000, "longest_ms": 60.000}}, "stages": {}, "test": {}})"
      "\n");
}

TEST_CASE("a failed unit's error stands in the table, and units past the fortieth are summed up") {
  RunReport run{.job = "many", .run_id = "01HQ"};
  for (int i = 0; i < 50; ++i) {
    run.units.push_back({.unit = "u" + std::to_string(i), .outcome = UnitOutcome::done});
  }
  run.units.back().outcome = UnitOutcome::failed;
  run.units.back().error = Error{ErrorKind::denied, "list logs/: 403"};
  const std::string text = report::table(run);
  CHECK(text.find("u39 ") != std::string::npos);
  CHECK(text.find("u40 ") == std::string::npos);
  CHECK(text.find("50 units") != std::string::npos);
  CHECK(text.find("error: unit u49: list logs/: 403") != std::string::npos);
}

TEST_CASE("of what was set aside twenty are listed, the others counted") {
  RunReport run{.job = "bad", .run_id = "01HQ"};
  UnitReport unit{.unit = "once", .outcome = UnitOutcome::done};
  unit.tally.records_set_aside = 1'234;
  for (int i = 0; i < 100; ++i) unit.set_aside.push_back({.document = "d", .reason = "not JSON"});
  run.units.push_back(unit);
  const std::string text = report::table(run);
  CHECK(text.find("set aside: 1,234 records\n") != std::string::npos);
  CHECK(text.find("  and 1,214 more\n") != std::string::npos);
}

TEST_CASE("bytes that are not UTF-8 don't spoil the JSON") {
  RunReport run{.job = "bad", .run_id = "01HQ"};
  UnitReport unit{.unit = "once"};
  unit.set_aside.push_back({.document = "caf\xe9", .reason = "gone"});
  run.units.push_back(unit);
  CHECK(report::json(run, 3).find("\"document\": \"\\u0000caf\u00e9\"") != std::string::npos);
}

TEST_CASE("columns are as wide as their longest entry in characters") {
  report::Columns columns({{"unit", report::Align::left}, {"n"}});
  columns.add({"größe", "1"});
  columns.add({"x", "1,000"});
  CHECK(columns.text() == "unit       n\ngröße      1\nx      1,000\n");
}

TEST_CASE("numbers are grouped by thousands and end where they say no more") {
  CHECK(report::grouped(0) == "0");
  CHECK(report::grouped(999) == "999");
  CHECK(report::grouped(1'000) == "1,000");
  CHECK(report::grouped(12'345'678) == "12,345,678");
  CHECK(report::decimal(0.5, 4) == "0.5");
  CHECK(report::decimal(2, 3) == "2");
  CHECK(report::decimal(0.00004, 3) == "0");
}

TEST_CASE("a thousand puts cost half a cent, reads a twelfth of that, deletes nothing") {
  const auto dollars = [](const char* call) {
    return report::request_dollars({{.name = call, .count = 1'000}});
  };
  CHECK(dollars("lake put_part") == doctest::Approx(0.005));
  CHECK(dollars("source list") == doctest::Approx(0.005));
  CHECK(dollars("source get") == doctest::Approx(0.0004));
  CHECK(dollars("lake delete") == doctest::Approx(0));
}

}  // namespace sluice
