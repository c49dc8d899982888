#include "simulator/one_run.h"

#include "app/parts.h"
#include "app/verify.h"
#include "flow/workers.h"
#include "job/ledger_driver.h"
#include "job/units.h"
#include "ledger/settle.h"

namespace sluice::simulator {
namespace {

void settle(const Job& job, const JobParts& parts, const std::vector<UnitNames>& units,
            const Clock& clock, RunEnd& end) {
  Chance chance;
  for (const UnitNames& unit : units) {
    ledger::Settle machine(
        ledger_unit(job, parts, unit, chance.unique_id(clock.wall()), "here", clock));
    drive_ledger(machine, {*parts.state, *parts.lake}, chance);
    if (machine.error()) end.settle_error = machine.error();
  }
}

UnitsAsked asked_of(const World& world) {
  UnitsAsked asked;
  if (world.words.units == JobWords::Units::day) asked.ids = world.units;
  return asked;
}

Result<Findings> verify(const World& world, Store& source, Store& lake) {
  OpenedJob opened;
  opened.job = TRY(parse_job("job.yaml", world.job, {}, {}, all_parts()));
  opened.stores = std::make_unique<Stores>(source, lake);
  opened.parts = TRY(make_parts(opened.job, *opened.stores));
  return sluice::verify(opened, asked_of(world), Depth::read_again);
}

Result<RunReport> run(const World& world, Store& source, Store& lake, const RunWish& wish,
                      const std::function<bool(std::string_view)>& has_ended, RunEnd& end) {
  if (wish.verb == Verb::verify) {
    end.findings = TRY(verify(world, source, lake));
    return RunReport();
  }
  const Job job = TRY(parse_job("job.yaml", world.job, {}, {}, all_parts()));
  Stores stores(source, lake);
  const JobParts parts = TRY(make_parts(job, stores));
  const Clock clock;
  std::vector<UnitNames> units =
      TRY(plan_units(job.units, job.zone, asked_of(world), clock.wall()));

  if (wish.verb == Verb::settle) {
    settle(job, parts, units, clock, end);
    return RunReport();
  }
  Budget budget(wish.memory_bytes);
  Inbox inbox;
  Workers workers(wish.threads);
  InFlight in_flight(wish.in_flight);
  Chance chance;
  Meter meter;
  Resources resources{
      budget, workers, in_flight, inbox,     clock,
      chance, meter,   "here",    wish.name, wish.knows_the_dead ? has_ended : nullptr};
  if (wish.stop_after) inbox.post_at(now() + *wish.stop_after, std::make_unique<Stop>("stopped"));
  auto report = sluice::run(job, parts, std::move(units), resources, wish.options);
  const auto check = [&](bool holds, const char* what) {
    if (!holds) end.complaints.push_back(wish.name + ": " + what);
  };
  check(budget.peak() <= budget.capacity(), "its budget was overdrawn");
  check(budget.used() == 0, "bytes are reserved at its end");
  check(in_flight.open() == 0, "slots are taken at its end");
  return report;
}

}  // namespace

void run_job(const World& world, Store& source, Store& lake, const RunWish& wish,
             const std::function<bool(std::string_view)>& has_ended, RunEnd& end) {
  end.report.emplace(run(world, source, lake, wish, has_ended, end));
}

}  // namespace sluice::simulator
