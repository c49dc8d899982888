#include "flow/count_work.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <chrono>
#include <thread>

#include "meter/trace_for_tests.h"

namespace sluice {
namespace {

struct Wait : Work {
  using Work::Work;
  void run(Scratch&) override { std::this_thread::sleep_for(std::chrono::milliseconds(30)); }
};

}  // namespace

TEST_CASE(
    "what a stage took is the time from its beginning to its end, also where it only waited") {
  Inbox inbox;
  Workers workers(1);
  for (const Ticket t : {1, 2}) workers.submit(std::make_unique<Wait>(t), inbox);
  Meter meter;
  for (int i = 0; i < 2; ++i)
    count_work(meter, Stage::decode, dynamic_cast<Work&>(*inbox.wait()), 1'000);
  const Gauge::Snapshot told = meter.stage(Stage::decode).snapshot("decode");
  CHECK(told.count == 2);
  CHECK(told.bytes == 2'000);
  CHECK(told.wall >= 60_ms);
  CHECK(told.cpu < 30_ms);
  CHECK(told.wait >= 30_ms);
}

TEST_CASE("a trace is told of work when it was done, and how long it had waited") {
  Inbox inbox;
  Workers workers(1);
  for (const Ticket t : {1, 2})
    workers.submit(std::make_unique<Wait>((Ticket{9} << 32) + t), inbox);
  RememberedTrace trace;
  trace.own(9, "a unit");
  Meter meter(&trace);
  const Instant begun = now();
  for (int i = 0; i < 2; ++i)
    count_work(meter, Stage::encode, dynamic_cast<Work&>(*inbox.wait()), 1'000);
  count_on_loop(meter, Stage::place, 9, begun);
  const auto told = trace.of(Interval::Kind::work);
  REQUIRE(told.size() == 3);
  CHECK(std::ranges::all_of(told, [](const auto& one) { return one.unit == "a unit"; }));
  CHECK(std::ranges::count(told, "place", &RememberedTrace::Told::name) == 1);
  const auto second =
      std::ranges::max(told, {}, [](const auto& one) { return one.interval.begin; });
  CHECK(second.name == "encode");
  CHECK(second.interval.waited >= 30_ms);
  CHECK(second.interval.end - second.interval.begin >= 30_ms);
  CHECK(second.interval.bytes == 1'000);
}

}  // namespace sluice
