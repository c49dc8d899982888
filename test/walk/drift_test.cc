// Drift, through whole runs: what a manifest says of its records, and what the next run makes of
// it.
#include <doctest/doctest.h>

#include "ledger/record.h"
#include "world.h"

namespace sluice {
namespace {

constexpr const char* job =
    "name: trail\n"
    "units: { each: day, default: 2024-02-08 }\n"
    "source: { objects: \"in/{unit:%Y/%m/%d}/\" }\n"
    "decode: { json: { records: .Records } }\n"
    "sink: { lake: \"lake/\", format: jsonl }\n";

std::string document(int records, const std::string& more) {
  std::string text = R"({"Records":[)";
  for (int i = 0; i < records; ++i) {
    text += (i > 0 ? "," : "") + (R"({"id":)" + std::to_string(i)) +
            R"(,"user":{"name":"n","age":7},"pad":"0123456789012345678901234567890123456789")" +
            more + "}";
  }
  return text + "]}";
}

// `more`: further members of each record.
void give_day(World& world, const std::string& day, const std::string& more = "",
              int documents = 40) {
  for (int i = 0; i < documents; ++i) {
    char name[64];
    std::snprintf(name, sizeof name, "%s/%05d.json", day.c_str(), i);
    world.give(name, document(20, more));
  }
}

ledger::Manifest manifest(const World& world, const std::string& unit) {
  return world.manifest("trail", unit);
}

std::vector<std::string> warnings(const Result<RunReport>& report) {
  REQUIRE(report.ok());
  CHECK(report->exit_code(false) == 0);
  std::vector<std::string> all;
  for (const UnitReport& unit : report->units) {
    all.insert(all.end(), unit.warnings.begin(), unit.warnings.end());
  }
  return all;
}

constexpr const char* changed = R"(,"sources":["0123456789012345678901234567890123456789"])";

}  // namespace

TEST_CASE("a unit that is done again warns of what has changed since, and only then") {
  World world;
  give_day(world, "2024/02/08", R"(,"legacy_id":1)");
  CHECK(warnings(world.run(job)).empty());
  CHECK(warnings(world.run(job, {.redo = true})).empty());
  give_day(world, "2024/02/08", changed);
  const auto drifted = warnings(world.run(job, {.redo = true}));
  REQUIRE(drifted.size() == 1);
  CHECK(drifted[0] ==
        "unit 2024-02-08: drift: 800 records as before, but 140B each, was 99B (+41 %); new "
        "fields: .sources; gone: .legacy_id (against its last commit)");
  CHECK(warnings(world.run(job, {.redo = true})).empty());
}

TEST_CASE("a day is held against the day before it and the same day a week earlier") {
  World world;
  const auto run_days = [&](const std::string& from, const std::string& to) {
    return warnings(world.run(job, {}, {.from = from, .to = to}));
  };
  for (const char* day : {"2024/02/01", "2024/02/07"}) give_day(world, day);
  give_day(world, "2024/02/08", "", 80);
  give_day(world, "2024/02/09", R"(,"x":{"y":1})");
  CHECK(run_days("2024-02-01", "2024-02-01").empty());
  CHECK(run_days("2024-02-07", "2024-02-07").empty());
  CHECK(run_days("2024-02-08", "2024-02-08") ==
        std::vector<std::string>{
            "unit 2024-02-08: drift: 1,600 records, was 800 (+100 %) (against 2024-02-07)"});
  const auto drifted = run_days("2024-02-09", "2024-02-09");
  REQUIRE(drifted.size() == 1);
  CHECK(drifted[0].find("800 records, was 1,600 (-50 %); new fields: .x (against 2024-02-08)") !=
        drifted[0].npos);
  // Those of one run against each other; the 14th is like the 7th.
  for (const char* day : {"2024/02/13", "2024/02/14"}) give_day(world, day, "", 80);
  give_day(world, "2024/02/14", "", 40);
  CHECK(run_days("2024-02-13", "2024-02-14").empty());
}

TEST_CASE("a manifest says the same of the same input, whatever finishes first") {
  ledger::Shape first;
  for (const uint32_t in_flight : {1U, 16U, 512U}) {
    World world;
    give_day(world, "2024/02/08", "", 300);
    world.give("2024/02/08/large.json", document(60'000, ""));
    world.in_flight = in_flight;
    world.threads = in_flight == 16 ? 1 : 3;
    world.slow_source.latency_of = [](const Request& request) -> Nanoseconds {
      return static_cast<Nanoseconds>(std::hash<std::string>()(describe(request)) % 3'000'000);
    };
    CHECK(warnings(world.run(job)).empty());
    const ledger::Shape shape = manifest(world, "2024-02-08").shape;
    if (first == ledger::Shape{}) first = shape;
    CHECK(shape == first);
  }
  CHECK(first.records == 66'000);
  CHECK(first.levels == 2);
  CHECK(first.looked_at > 600);
  CHECK(first.looked_at < 1'100);
  CHECK(first.fields == std::vector<ledger::FieldCount>{{".id", first.looked_at},
                                                        {".pad", first.looked_at},
                                                        {".user", first.looked_at}});
  CHECK(first.nested == std::vector<ledger::FieldCount>{{".user.age", first.looked_at},
                                                        {".user.name", first.looked_at}});
}

TEST_CASE("`drift: off` neither notes nor warns") {
  const std::string off = std::string(job) + "drift: off\n";
  World world;
  give_day(world, "2024/02/08");
  CHECK(warnings(world.run(off)).empty());
  CHECK(manifest(world, "2024-02-08").shape == ledger::Shape{});
  CHECK(warnings(world.run(job, {.redo = true})).empty());
  give_day(world, "2024/02/08", changed);
  CHECK(warnings(world.run(off, {.redo = true})).empty());
  CHECK(manifest(world, "2024-02-08").shape == ledger::Shape{});
}

TEST_CASE("what a run with --limit has loaded is no drift, nor is anything held against it") {
  World world;
  const auto run_day = [&](const std::string& day, const RunOptions& options = {}) {
    return warnings(world.run(job, options, {.from = day, .to = day}));
  };
  for (const char* day : {"2024/02/07", "2024/02/08", "2024/02/09"}) give_day(world, day);
  CHECK(run_day("2024-02-07").empty());
  const auto limited = run_day("2024-02-08", {.limit = 10});
  CHECK(std::ranges::none_of(
      limited, [](const std::string& warning) { return warning.find("drift") != warning.npos; }));
  CHECK_FALSE(manifest(world, "2024-02-08").provisional.empty());
  CHECK(manifest(world, "2024-02-08").shape == ledger::Shape{});
  CHECK(run_day("2024-02-09").empty());
  CHECK(run_day("2024-02-08").empty());
  CHECK(manifest(world, "2024-02-08").shape.records == 800);
}

TEST_CASE("another form of the job is no drift") {
  World world;
  give_day(world, "2024/02/08");
  CHECK(warnings(world.run(job)).empty());
  const std::string other = std::string(job) + "transform: [{ drop: .pad }]\n";
  CHECK(warnings(world.run(other, {.redo = true})).empty());
}

}  // namespace sluice
