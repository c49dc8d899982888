#include "job/run.h"

#include <algorithm>
#include <deque>
#include <unordered_map>

#include "base/time.h"
#include "job/admission.h"
#include "job/drift.h"
#include "job/key_names.h"
#include "job/lake_sweep.h"
#include "job/owner.h"
#include "job/shares.h"
#include "job/unit_task.h"
#include "job/units.h"

namespace sluice {
namespace {

ledger::Names names_of(const Job& job, const JobParts& parts, const UnitNames& unit) {
  using Kind = ledger::NamePiece::Kind;
  const bool by_span = parts.source->traits().goes_on();
  ledger::Names names =
      key_names(job.names, parts.lake_prefix, unit, by_span ? NamedBy::span : NamedBy::unit);
  if (!parts.recipe.set_aside_place) return names;
  names.copies = {{Kind::text, *parts.recipe.set_aside_place + unit_token(unit.id) + "-"},
                  {Kind::number}};
  if (by_span) {
    names.copies.push_back({Kind::text, "-"});
    names.copies.push_back({Kind::number});
  }
  names.copies.push_back({Kind::extension});
  return names;
}

Lease hashes_of(const Job& job, Budget& budget) {
  return budget.try_reserve(hashes_annex_bytes(job, budget.capacity())).value_or(Lease());
}

ledger::Unit unit_as_known(const Job& job, const JobParts& parts, const UnitNames& unit,
                           const std::string& run_id, const std::string& host, const Clock& clock) {
  ledger::Unit made{.job = job.name, .id = unit.id, .names = names_of(job, parts, unit)};
  made.state_prefix = parts.state_prefix;
  made.fingerprint = job.fingerprint;
  made.run = run_id;
  made.host = host;
  made.since = format_rfc3339(clock.wall());
  made.share_bytes = job.sink_share_bytes;
  made.early = job.asks_by_time && !is_over(unit, clock.wall());
  return made;
}

// All units of a run in one loop, under one budget: as many at once as the budget admits.
class Run : public Task {
 public:
  Run(const Job& job, const JobParts& parts, std::vector<UnitNames> units, Resources& resources,
      const RunOptions& options, std::vector<Admission> admissions, RunReport& report)
      : job_(job),
        parts_(parts),
        units_(std::move(units)),
        resources_(resources),
        options_(options),
        admissions_(std::move(admissions)),
        report_(report),
        started_(now()),
        hashes_annex_(hashes_of(job_, resources_.budget)),
        timers_(++series_),
        ownership_(job_, parts_, resources_.inbox, TicketSeries(++series_)),
        earlier_(job_, parts_, resources_.inbox, more_tickets()),
        sweep_(job_, parts_, resources_, report_.run_id, more_tickets(), more_tickets()) {
    report_.units.resize(units_.size());
    if (options_.on_progress) post_timer(tick_, options_.progress_every);
  }

  void start_what_fits() override {
    while (const auto index = next()) {
      if (!leaves_room_to_read()) break;
      auto lease = resources_.budget.try_reserve(unit_bytes_min(job_));
      if (!lease) break;
      admit(*index, std::move(*lease));
    }
    for (size_t i = 0; i < active_.size();) {
      Active& active = active_[i];
      active.task->start_what_fits();
      if (active.task->is_filling()) look_back(active);
      if (!active.task->done()) {
        ++i;
        continue;
      }
      ended(active.index, active.task->report());
      std::erase_if(owners_, [&](const auto& owner) { return owner.second == active.index; });
      active_.erase(active_.begin() + static_cast<std::ptrdiff_t>(i));
      // Its bytes are free now: let the next one in before the others go on.
      return start_what_fits();
    }
    if (units_ended()) sweep_on();
  }

  void on(Event& event) override {
    if (event.ticket == Stop::stop_ticket) return stop(dynamic_cast<Stop&>(event).why);
    if (timers_.owns(event.ticket)) return on_timer(event.ticket);
    if (ownership_.owns(event.ticket)) return on_ownership(event);
    if (sweep_.owns(event.ticket)) return sweep_.on(event);
    if (earlier_.owns(event.ticket)) return earlier_.on(event);
    const auto owner = owners_.find(series_of(event.ticket));
    if (owner == owners_.end()) return;
    if (UnitTask* task = task_of(owner->second)) task->on(event);
  }

  bool done() const override { return units_ended() && sweep_.done() && earlier_.idle(); }
  const LakeSweep& sweep() const { return sweep_; }
  // Whether the lake is ours to write to. Known once done.
  const Status& ownership() const { return ownership_.status(); }
  const EarlierUnits& earlier() const { return earlier_; }

  // Units that were never begun, and whether all that were found nothing.
  void close() {
    for (; next_ < units_.size(); ++next_) {
      report_.units[next_].unit = units_[next_].id;
      report_.units[next_].outcome = UnitOutcome::stopped;
    }
    for (const size_t index : again_) report_.units[index].outcome = UnitOutcome::stopped;
    if (!found_ && !stopping_ && units_.size() > 1 && empty_.size() == units_.size())
      report_.errors.emplace_back(
          "no unit found a document, so nothing is committed; is the source's path right? "
          "(allow_empty: true if it is)");
  }

 private:
  // The series of one unit: its events are routed to it.
  struct UnitSeries : SeriesOwner {
    UnitSeries(Run& owner, size_t unit) : run(owner), index(unit) {}
    TicketSeries new_series() override {
      const uint32_t series = ++run.series_;
      run.owners_[series] = index;
      if (Trace* trace = run.resources_.meter.trace())
        trace->own(series, run.job_.secrets.hide(run.units_[index].id));
      return TicketSeries(series);
    }
    TicketSeries renewed(const TicketSeries& old) override {
      run.owners_.erase(old.series());
      return new_series();
    }
    Run& run;
    const size_t index;
  };
  struct Active {
    size_t index;
    std::unique_ptr<UnitSeries> series;
    std::unique_ptr<UnitTask> task;
    bool has_looked_back = false;
  };

  TicketSeries more_tickets() { return TicketSeries(++series_); }

  bool units_ended() const {
    return active_.empty() && (stopping_ || (next_ == units_.size() && again_.empty())) &&
           ownership_.done();
  }

  void sweep_on() {
    if (!std::exchange(sweeping_, true)) {
      stopping_ || !ownership_.status().ok() ? sweep_.skip() : sweep_.sweep(units_);
    }
    sweep_.start_what_fits();
  }

  // Units make progress each with its own share; hundreds of reads in flight come out of the rest.
  // So all but the first of them leave half of the budget to the reads.
  bool leaves_room_to_read() const {
    return active_.empty() || (active_.size() + 1) * unit_bytes_min(job_) <=
                                  (resources_.budget.capacity() - hashes_annex_.capacity()) / 2;
  }

  // What it is held against, once it has ended. Units of this run that come before it are known by
  // then.
  void look_back(Active& active) {
    if (std::exchange(active.has_looked_back, true) || !job_.watch_drift) return;
    if (active.index >= drift_units_max) return;
    for (const std::string& id : units_like(job_.units.each, units_[active.index].id)) {
      if (std::ranges::find(units_, id, &UnitNames::id) == units_.end()) earlier_.read(id);
    }
  }

  // The unit whose turn it is: one that found nothing and may be empty now that another has found
  // something, or the next of which not all is known.
  std::optional<size_t> next() {
    if (stopping_) return std::nullopt;
    if (!again_.empty()) return again_.front();
    for (; next_ < units_.size(); ++next_) {
      Admission& admission = admissions_[next_];
      if (admission.kind == Admission::Kind::claim || admission.kind == Admission::Kind::redo)
        return next_;
      UnitReport known{.unit = units_[next_].id, .outcome = UnitOutcome::done_already};
      if (admission.kind == Admission::Kind::stale) known.outcome = UnitOutcome::stale;
      if (admission.kind == Admission::Kind::unreadable) {
        known.outcome = UnitOutcome::failed;
        known.error = std::move(admission.error);
      }
      ended(next_, std::move(known));
    }
    return std::nullopt;
  }

  // A unit without a document is committed as empty once another one of its run has found some, or
  // has been committed before: until then the source's path may be wrong.
  void ended(size_t index, UnitReport report) {
    using enum UnitOutcome;
    if (report.found_nothing) {
      found_ ? again_.push_back(index) : empty_.push_back(index);
    } else if (report.outcome == done
                   ? report.tally.documents + report.documents_before > 0
                   : report.outcome == done_already || report.outcome == done_by_other ||
                         report.outcome == stale) {
      found_ = true;
      again_.insert(again_.end(), empty_.begin(), empty_.end());
      empty_.clear();
    }
    report_.units[index] = std::move(report);
    if (index >= drift_units_max) report_.units[index].profile.reset();
    ++units_done_;
  }

  void admit(size_t index, Lease lease) {
    if (!again_.empty() && again_.front() == index) {
      again_.pop_front();
      --units_done_;
    } else {
      ++next_;
    }
    auto series = std::make_unique<UnitSeries>(*this, index);
    auto task = std::make_unique<UnitTask>(
        units_[index],
        UnitTask::Surroundings{job_, parts_, resources_, options_, report_.run_id, *series,
                               hashes_annex_, admissions_[index].kind == Admission::Kind::redo,
                               found_ ? Empty::commit : Empty::refuse},
        std::move(lease));
    if (!ownership_.done()) task->hold_writes();
    active_.push_back({index, std::move(series), std::move(task)});
  }

  // Units read their records meanwhile; from now on they may write, or must not.
  void on_ownership(Event& event) {
    ownership_.on(event);
    if (!ownership_.done()) return;
    if (ownership_.status().ok()) {
      for (Active& active : active_) active.task->let_writes_go();
      return;
    }
    stopping_ = true;
    // Not as a conflict: that would be one over the unit's record, to be settled by reading it.
    const Error refused{ErrorKind::denied, ownership_.status().error().message};
    for (Active& active : active_) active.task->refuse_writes(refused);
  }

  UnitTask* task_of(size_t index) {
    for (Active& active : active_) {
      if (active.index == index) return active.task.get();
    }
    return nullptr;
  }

  void stop(const std::string& why) {
    stopping_ = true;
    for (Active& active : active_) active.task->stop(why);
  }

  void post_timer(Ticket& ticket, Nanoseconds after) {
    ticket = timers_.next();
    resources_.inbox.post_at(now() + after, std::make_unique<Event>(ticket));
  }

  void on_timer(Ticket ticket) {
    if (ticket != tick_) return;
    options_.on_progress(progress());
    post_timer(tick_, options_.progress_every);
  }

  Progress progress() const {
    Progress progress{.units_done = units_done_, .units = units_.size()};
    for (const UnitReport& unit : report_.units) progress.tally += unit.tally;
    for (const Active& active : active_) progress.tally += active.task->tally();
    progress.in_flight = resources_.in_flight.open();
    progress.memory_used = resources_.budget.used();
    progress.memory = resources_.budget.capacity();
    progress.elapsed = now() - started_;
    return progress;
  }

  const Job& job_;
  const JobParts& parts_;
  const std::vector<UnitNames> units_;
  Resources& resources_;
  const RunOptions& options_;
  std::vector<Admission> admissions_;
  RunReport& report_;
  const Instant started_;
  uint32_t series_ = 0;
  std::unordered_map<uint32_t, size_t> owners_;  // Series to unit
  Annex hashes_annex_;                           // Outlives the units below
  std::vector<Active> active_;
  size_t next_ = 0;
  std::deque<size_t> again_;   // To be done once more: they may be empty now
  std::vector<size_t> empty_;  // They found nothing, and nobody else has found anything yet
  bool found_ = false;
  uint64_t units_done_ = 0;
  bool stopping_ = false;
  TicketSeries timers_;
  Ownership ownership_;
  EarlierUnits earlier_;
  LakeSweep sweep_;
  bool sweeping_ = false;
  Ticket tick_ = 0;
};

}  // namespace

ledger::UnitPtr ledger_unit(const Job& job, const JobParts& parts, const UnitNames& unit,
                            const std::string& run_id, const Resources& resources) {
  ledger::Unit made = unit_as_known(job, parts, unit, run_id, resources.host, resources.clock);
  made.process = resources.process;
  return std::make_shared<const ledger::Unit>(std::move(made));
}

ledger::UnitPtr ledger_unit(const Job& job, const JobParts& parts, const UnitNames& unit,
                            const std::string& run_id, const std::string& host,
                            const Clock& clock) {
  return std::make_shared<const ledger::Unit>(unit_as_known(job, parts, unit, run_id, host, clock));
}

Status check_stream(const Job& job, const SourceMaker& source) {
  if (!source.traits().goes_on()) return {};
  const bool is_of_time = unit_time_parts(job.units.each) != 0;
  if (source.traits().incremental && is_of_time) {
    return Error{ErrorKind::invalid,
                 "source: incremental: days and hours as units are asked for by their time, an "
                 "incremental source by how far it has come: take one of them"};
  }
  // Each span is a unit, also of a job that has one unit only.
  TRY_IN(job.names.check(0, false, false), "sink");
  return {};
}

namespace {

void warn_of_stale(RunReport& report) {
  const auto stale = std::ranges::count(report.units, UnitOutcome::stale, &UnitReport::outcome);
  if (stale == 0) return;
  report.warnings.push_back(
      (stale == 1 ? "one unit is" : std::to_string(stale) + " units are") +
      std::string(" stale: committed by an earlier form of the job, and left so; --redo does ") +
      (stale == 1 ? "it again" : "them again"));
}

}  // namespace

Result<RunReport> run(const Job& job, const JobParts& parts, std::vector<UnitNames> units,
                      Resources& resources, const RunOptions& options) {
  const Instant started = now();
  const Nanoseconds cpu = process_cpu();
  RunReport report{.job = job.name, .started = resources.clock.wall()};
  report.run_id = resources.chance.unique_id(report.started);
  report.memory_bytes = resources.budget.capacity();
  TRY(check_memory(job, resources.budget.capacity()));
  TRY(check_stream(job, *parts.source));
  if (parts.source->traits().incremental && (options.redo || options.limit < UINT64_MAX)) {
    return Error{ErrorKind::invalid,
                 std::string(options.redo ? "--redo" : "--limit") +
                     ": not with an incremental source: its passes follow one upon another. Under "
                     "another name, and into another lake, the job begins anew"};
  }
  for (UnitNames& unit : units) {
    unit.run_started = report.started;
    unit.run_id = report.run_id;
  }
  std::vector<Admission> admitted = admissions(job, parts, units, options, resources);
  Run run(job, parts, std::move(units), resources, options, std::move(admitted), report);
  drive(run, resources.inbox);
  TRY(run.ownership());
  run.close();
  if (!run.sweep().warning().empty()) report.warnings.push_back(run.sweep().warning());
  warn_of_drift(job, parts, run.earlier(), report);

  warn_of_stale(report);
  report.wall = now() - started;
  report.cpu = process_cpu() - cpu;
  report.memory_peak_bytes = resources.budget.peak();
  report.calls = resources.meter.calls(store_verbs);
  report.stages = resources.meter.stages();
  return report;
}

}  // namespace sluice
