// What a unit's requests wait for: no more than they need. Seen by a trace of a run against slow
// stores.
#include <doctest/doctest.h>

#include <algorithm>

#include "meter/trace_for_tests.h"
#include "world.h"

namespace sluice {
namespace {

using Kind = Interval::Kind;
using Told = RememberedTrace::Told;

constexpr const char* job =
    "name: trail\n"
    "units: { each: day, default: 2024-02-08 }\n"
    "source: { objects: \"in/{unit:%Y/%m/%d}/\" }\n"
    "decode: jsonl\n"
    "sink: { lake: \"lake/\", format: jsonl.gz }\n";

struct Traced {
  World world;
  RememberedTrace trace;

  explicit Traced(int documents) {
    world.trace = &trace;
    world.slow_source.latency = world.slow_lake.latency = 5_ms;
    for (int i = 0; i < documents; ++i) {
      const std::string name = std::string(100, 'n') + std::to_string(10'000 + i);
      world.give("2024/02/08/" + name + ".jsonl", "{\"id\":" + std::to_string(i) + "}\n");
    }
  }

  void run() {
    const auto report = world.run(job);
    REQUIRE(report.ok());
    REQUIRE(report->exit_code(false) == 0);
  }
  // Of a unit; "": of the run.
  std::vector<Interval> requests(const std::string& unit, const std::string& name) {
    std::vector<Interval> all;
    for (const Told& one : trace.of(Kind::request)) {
      if (one.unit == unit && one.name == name) all.push_back(one.interval);
    }
    REQUIRE_FALSE(all.empty());
    return all;
  }
};

const std::string day = "2024-02-08";

Instant first_begin(const std::vector<Interval>& all) {
  return std::ranges::min(all, {}, &Interval::begin).begin;
}
Instant last_end(const std::vector<Interval>& all) {
  return std::ranges::max(all, {}, &Interval::end).end;
}

}  // namespace

TEST_CASE("the first list doesn't wait for the unit's record") {
  Traced traced(5);
  traced.run();
  const auto record = traced.requests(day, "lake get");
  CHECK(first_begin(traced.requests(day, "source list")) < record.front().end);
}

TEST_CASE("what a day is held against is read beside it, not behind it") {
  Traced traced(5);
  traced.run();
  // Whose the lake is, the day before, the same day a week before.
  const auto run = traced.requests("", "lake get");
  CHECK(run.size() >= 3);
  CHECK(last_end(run) < last_end(traced.requests(day, "lake put")));
}

TEST_CASE("the rest of a long list of inputs is written beside the last parts") {
  Traced traced(1'000);
  traced.run();
  const auto parts = traced.requests(day, "lake put_part");
  const auto puts = traced.requests(day, "lake put");
  const Instant stored = last_end(parts);
  // The claim comes first; the intent only once all parts are stored.
  const auto beside = std::ranges::count_if(puts, [&](const Interval& put) {
    return put.begin > first_begin(traced.requests(day, "source get")) && put.begin < stored;
  });
  CHECK(beside == 1);
}

}  // namespace sluice
