#include "job/unit_task.h"

#include <algorithm>

#include "base/time.h"

namespace sluice {
UnitTask::UnitTask(UnitNames unit, Surroundings around, Lease lease)
    : unit_(std::move(unit)),
      around_(std::move(around)),
      endless_(around_.parts.source->stream() && !around_.parts.source->incremental()),
      ledger_unit_(
          ledger_unit(around_.job, around_.parts, unit_, around_.run_id, around_.resources)),
      // A stream is never finished: whoever comes next claims it and goes on where it ended.
      run_(ledger_unit_, {.redo = around_.redo || around_.parts.source->stream(),
                          .resume = may_resume(around_.parts),
                          .stream = around_.parts.source->stream(),
                          .ends = !endless_}),
      driver_({*around_.parts.state, *around_.parts.lake}, around_.resources.inbox,
              around_.series.new_series(), around_.resources.chance),
      timer_(around_.series.new_series()),
      lease_(std::move(lease)),
      started_(now()),
      source_series_(around_.series.new_series()),
      sink_series_(around_.series.new_series()) {
  report_.unit = unit_.id;
}

UnitTask::~UnitTask() = default;

void UnitTask::start_what_fits() {
  switch (phase_) {
    case Phase::ledger:
      ledger_on();
      break;
    case Phase::filling:
      walk_on();
      break;
    case Phase::draining:
      driver_.start_what_fits(run_);  // A checkpoint may be under way.
      close_walk();
      break;
    case Phase::sweeping:
      sweep_on();
      break;
    case Phase::ended:
      break;
  }
}

void UnitTask::on(Event& event) {
  const Ticket ticket = event.ticket;
  if (driver_.owns(ticket)) {
    phase_ == Phase::sweeping ? driver_.on(*twins_, event) : driver_.on(run_, event);
  } else if (walk_ && walk_->owns(ticket)) {
    walk_->on(event);
  } else if (source_ && source_series_.owns(ticket)) {
    source_->on(event);
  } else if (sink_ && sink_series_.owns(ticket)) {
    sink_->on(event);
  } else if (inputs_ && inputs_->owns(ticket)) {
    inputs_->on(event);
  } else if (timer_.owns(ticket) && walk_ && static_cast<uint32_t>(ticket) == span_) {
    walk_->seal();
  }
}

void UnitTask::stop(std::string why) {
  if (stopping_ || phase_ == Phase::ended) return;
  stopping_ = true;
  if (phase_ != Phase::filling) return;
  if (endless_) {
    walk_->seal();  // What has been read is committed; the rest waits in the stream.
  } else if (has_checkpoint()) {
    // The record stays as it is: the next run goes on where the checkpoint says.
    leaving_ = true;
    walk_->stop();
    phase_ = Phase::draining;
  } else {
    give_up({ErrorKind::cancelled, std::move(why)});
  }
}

// ---- the ledger's turns ------------------------------------------------------------------------

void UnitTask::ledger_on() {
  driver_.start_what_fits(run_);
  if (!intent_at_ && run_.intent_written()) intent_at_ = now();
  if (run_.committed() && intent_at_) {
    report_.mixed = std::max(report_.mixed, now() - *intent_at_);
    intent_at_.reset();
  }
  if (run_.is_claiming()) look_ahead();
  if (!driver_.idle()) return;
  if (run_.done()) {
    if (!close_source()) return;
    using Outcome = ledger::UnitRun::Outcome;
    const auto ended = run_.error() ? Outcome::lost : run_.outcome();
    if (ended != Outcome::failed || around_.parts.source->stream()) return finish();
    // A run that failed has not kept count of what it asked for twice.
    twins_.emplace(ledger_unit_);
    phase_ = Phase::sweeping;
    return sweep_on();
  }
  if (!run_.wants_fill()) return;
  const bool stream = around_.parts.source->stream();
  if (stopping_ ||
      (stream && around_.options.until && run_.record().position >= *around_.options.until)) {
    if (stream) {
      run_.leave();
    } else {
      failure_ = Error{ErrorKind::cancelled, "stopped"};
      run_.fail({failure_->message, format_rfc3339(around_.resources.clock.wall())}, {});
    }
    return ledger_on();
  }
  open_walk();
}

void UnitTask::sweep_on() {
  driver_.start_what_fits(*twins_);
  if (!twins_->done() || !driver_.idle()) return;
  if (twins_->error())
    report_.warnings.push_back("an upload may have been left open: " + twins_->error()->message);
  twins_.reset();
  if (!meant_) return finish();
  phase_ = Phase::ledger;
  write_intent();
}

// A bounded unit's listing needs no claim: it goes on while that is being written.
void UnitTask::look_ahead() {
  if (around_.parts.source->stream() || stopping_) return;
  if (!source_ && !open_source().ok()) return;  // open_walk() meets the error again.
  source_->look_ahead();
}

// Of a unit that was never filled after all. False: its lists are still under way.
bool UnitTask::close_source() {
  if (!source_) return true;
  source_->stop();
  if (!source_->drained()) return false;
  source_.reset();
  return true;
}

void UnitTask::finish() {
  phase_ = Phase::ended;
  if (run_.error() || run_.outcome() != ledger::UnitRun::Outcome::won) report_.profile.reset();
  lease_.release();
  report_.wall = now() - started_;
  using Outcome = ledger::UnitRun::Outcome;
  if (run_.error()) {
    report_.outcome = UnitOutcome::failed;
    report_.error = Error(*run_.error()).in("unit " + unit_.id);
    return;
  }
  switch (run_.outcome()) {
    // A stream has never reached its end: its owner wins for good only where whoever claimed the
    // partition from it has completed its last span for it.
    case Outcome::won:
      report_.outcome = endless_ ? UnitOutcome::lost : UnitOutcome::done;
      break;
    case Outcome::left:
      report_.outcome = stopping_  ? UnitOutcome::stopped
                        : failure_ ? UnitOutcome::failed
                                   : UnitOutcome::done;
      if (failure_) report_.error = Error(*failure_).in("unit " + unit_.id);
      if (leaving_ && report_.error)
        report_.error->message += "; what has been stored is kept: the next run goes on there";
      break;
    case Outcome::nothing_to_do:
      report_.outcome = UnitOutcome::done_already;
      break;
    case Outcome::stale:
      report_.outcome = UnitOutcome::stale;
      break;
    case Outcome::left_alone:
      report_.outcome = UnitOutcome::claimed;
      break;
    case Outcome::lost:
      report_.outcome =
          run_.unit_is_finished() && !endless_ ? UnitOutcome::done_by_other : UnitOutcome::lost;
      break;
    case Outcome::failed:
      report_.outcome = stopping_ && failure_->kind == ErrorKind::cancelled ? UnitOutcome::stopped
                                                                            : UnitOutcome::failed;
      report_.error = Error(*failure_).in("unit " + unit_.id);
      break;
  }
  if (report_.outcome != UnitOutcome::lost) return;
  report_.error = Error{ErrorKind::conflict,
                        "unit " + unit_.id + ": another run has claimed it; this one stops, " +
                            (endless_ ? "what it has committed stays" : "nothing of it is left")};
}

WalkSums UnitTask::walk_sums() const {
  WalkSums sums = report_.walk;
  if (!walk_) return sums;
  sums.documents += walk_->sums().documents;
  sums.bytes_read += walk_->sums().bytes_read;
  return sums;
}

uint64_t UnitTask::records() const {
  return report_.records + (sink_ ? sink_->sums().records : 0);
}

}  // namespace sluice
