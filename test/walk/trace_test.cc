// What a run did when, as it tells a trace.
#include <doctest/doctest.h>

#include "meter/trace_for_tests.h"
#include "world.h"

namespace sluice {
namespace {

using Kind = Interval::Kind;
using Told = RememberedTrace::Told;

constexpr const char* days =
    "name: trail\n"
    "units: { each: day }\n"
    "source: { objects: \"in/{unit:%Y/%m/%d}/\" }\n"
    "decode: { json: { records: .Records } }\n"
    "sink: { lake: \"lake/\", format: jsonl.gz }\n";

void give_day(World& world, const std::string& day) {
  for (int i = 0; i < 5; ++i) {
    world.give(day + "/" + std::to_string(i) + ".json",
               R"({"Records":[{"id":)" + std::to_string(i) + "}]}");
  }
}

std::vector<std::string> names(const std::vector<Told>& told, const std::string& unit) {
  std::vector<std::string> all;
  for (const Told& one : told) {
    if (one.unit == unit) all.push_back(one.name);
  }
  return all;
}

auto times(const std::vector<std::string>& names, const std::string& name) {
  return std::ranges::count(names, name);
}

}  // namespace

TEST_CASE("a trace shows of each unit its phases, its requests and its work, by its name") {
  World world;
  RememberedTrace trace;
  world.trace = &trace;
  give_day(world, "2024/02/07");
  give_day(world, "2024/02/08");
  const Instant begun = now();
  const auto report = world.run(days, {}, {.from = "2024-02-07", .to = "2024-02-08"});
  const Instant ended = now();
  REQUIRE(report.ok());
  REQUIRE(report->exit_code(false) == 0);

  for (const std::string unit : {"2024-02-07", "2024-02-08"}) {
    CHECK(names(trace.of(Kind::phase), unit) ==
          std::vector<std::string>{"ledger", "filling", "ledger"});
    const auto requests = names(trace.of(Kind::request), unit);
    CHECK(times(requests, "source list") >= 1);
    CHECK(times(requests, "source get") == 5);
    CHECK(times(requests, "lake create_upload") == 1);
    CHECK(times(requests, "lake put_part") == 1);
    CHECK(times(requests, "lake complete") == 1);
    CHECK(times(requests, "lake put") >= 3);  // Of the record: claim, intent, manifest
    const auto work = names(trace.of(Kind::work), unit);
    CHECK(times(work, "decode") >= 1);
    CHECK(times(work, "place") >= 5);
    CHECK(times(work, "encode") == 1);
  }
  // What the run asks for as a whole: whose the lake is.
  CHECK(times(names(trace.of(Kind::request), ""), "lake get") >= 1);
  for (const Kind kind : {Kind::phase, Kind::request, Kind::work}) {
    for (const Told& one : trace.of(kind)) {
      CHECK(one.interval.begin >= begun);
      CHECK(one.interval.begin <= one.interval.end);
      CHECK(one.interval.end <= ended);
    }
  }
}

TEST_CASE("the phases of a unit follow one upon another without a gap") {
  World world;
  RememberedTrace trace;
  world.trace = &trace;
  world.slow_source.latency = world.slow_lake.latency = 5_ms;
  give_day(world, "2024/02/08");
  REQUIRE(world.run(days, {}, {.ids = {"2024-02-08"}}).ok());
  const auto phases = trace.of(Kind::phase);
  REQUIRE(phases.size() == 3);
  for (size_t i = 1; i < phases.size(); ++i)
    CHECK(phases[i].interval.begin == phases[i - 1].interval.end);
  for (const Told& one : trace.of(Kind::request)) {
    if (one.name != "source get") continue;
    CHECK(one.interval.begin >= phases[1].interval.begin);
    CHECK(one.interval.end <= phases[1].interval.end);
    CHECK(one.interval.end - one.interval.begin >= 5_ms);
  }
}

}  // namespace sluice
