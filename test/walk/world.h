// A whole run in memory: a source and a lake as memory stores, a job as text.
#pragma once

#include <atomic>
#include <map>
#include <memory>
#include <string>

#include "../gzip.h"
#include "app/parts.h"
#include "job/run.h"
#include "job/units.h"
#include "ledger/record.h"
#include "meter/meter.h"
#include "store/faulty.h"
#include "store/memory.h"
#include "store/metered.h"
#include "store/slow.h"

namespace sluice {

class World {
 public:
  std::unique_ptr<MemoryStore> given = make_memory_store("given:");
  std::unique_ptr<MemoryStore> lake = make_memory_store("lake:");
  SlowOptions slow_source, slow_lake;    // Latency, where a test wants some
  FaultPlan source_faults, lake_faults;  // Likewise; of one run
  std::atomic<uint64_t> source_calls =
      0;  // Of the run that ended last; some tests run several at once
  uint64_t memory_bytes = 64 << 20;
  uint32_t in_flight = 64;
  unsigned threads = 2;
  WallTime wall = {1'707'486'400'000'000'000};  // 2024-02-09T13:46:40Z
  std::function<void(Inbox&)> before_run = {};
  std::function<std::unique_ptr<Store>(Store&)> around_lake = {};  // Another in its place
  std::function<void(JobParts&)> with_parts = {};                  // Before they are used
  std::function<void()> after_run = {};                            // While they are still there
  std::function<bool(std::string_view process)> has_ended = {};
  Trace* trace = nullptr;

  void give(const std::string& key, std::string body) {
    REQUIRE(call(*given, Put{Key(key), std::move(body)}).ok());
  }

  Result<RunReport> run(const std::string& text, RunOptions options = {}, UnitsAsked asked = {}) {
    const Job job = TRY(parse_job("job.yaml", text, {}, {}, all_parts()));
    auto faulty_source = make_faulty_store(*given, source_faults);
    auto faulty_lake = make_faulty_store(*lake, lake_faults);
    auto source = make_slow_store(*faulty_source, slow_source);
    auto target = make_slow_store(*faulty_lake, slow_lake);
    const auto other = around_lake ? around_lake(*target) : nullptr;
    Meter meter(trace);
    const auto of_source = make_meter_observer(meter, Side::source);
    const auto of_lake = make_meter_observer(meter, Side::lake);
    const auto metered_source = make_metered_store(*source, *of_source);
    const auto metered_lake = make_metered_store(other ? *other : *target, *of_lake);
    Stores stores(*metered_source, *metered_lake);
    JobParts parts = TRY(make_parts(job, stores));
    if (with_parts) with_parts(parts);
    const StoppedClock clock(wall);
    std::vector<UnitNames> units = TRY(plan_units(job.units, job.zone, asked, wall));
    Budget budget(memory_bytes);
    Workers workers(threads);
    InFlight open(in_flight);
    Inbox inbox;
    Chance chance;
    Resources resources{budget, workers, open,   inbox,  clock,
                        chance, meter,   "here", "1234", has_ended};
    if (before_run) before_run(inbox);
    auto report = sluice::run(job, parts, std::move(units), resources, options);
    if (after_run) after_run();
    source_calls = faulty_source->calls();
    CHECK(budget.used() == 0);
    CHECK(open.open() == 0);
    return report;
  }

  // The data objects, as they are stored.
  std::map<std::string, std::string> objects() const {
    std::map<std::string, std::string> data;
    for (const auto& [key, bytes] : lake->objects()) {
      if (!key.view().starts_with('_')) data[key.str()] = bytes;
    }
    return data;
  }
  // Of a unit that has been committed.
  ledger::Manifest manifest(const std::string& job, const std::string& unit) const {
    const Key key("_sluice/" + job + "/" + unit + ".json");
    const auto record = ledger::parse_record(lake->objects().at(key), key);
    REQUIRE_MESSAGE(record.ok(), record.error().message);
    REQUIRE(record->manifest);
    return *record->manifest;
  }
  // All text of objects below a place, in the order of their names; they must not be compressed.
  std::string text(const std::string& place = "") const {
    std::string all;
    for (const auto& [key, bytes] : objects()) {
      if (key.starts_with(place)) all += bytes;
    }
    return all;
  }
};

}  // namespace sluice
