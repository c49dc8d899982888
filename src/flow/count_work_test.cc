#include "flow/count_work.h"

#include <doctest/doctest.h>

#include <chrono>
#include <thread>

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

}  // namespace sluice
