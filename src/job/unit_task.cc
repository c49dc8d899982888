#include "job/unit_task.h"

#include <algorithm>

#include "base/time.h"
#include "job/drift.h"
#include "job/passes.h"

namespace sluice {
namespace {

// A lifecycle rule takes an upload once. Where uploads go each time, something else is wrong, and
// filling for ever would only cost.
constexpr uint32_t fills_max = 4;

// What goes wrong is told in the record and in the report.
Error hidden(const Secrets& secrets, Error error) {
  error.message = secrets.hide(error.message);
  return error;
}

// What a run with a limit commits is for looking at: nobody may take the unit for done by it.
std::string why_provisional(const RunOptions& options) {
  return options.limit == UINT64_MAX ? "" : "a run with --limit " + std::to_string(options.limit);
}

}  // namespace

UnitTask::UnitTask(UnitNames unit, Surroundings around, Lease lease)
    : unit_(std::move(unit)),
      around_(std::move(around)),
      traits_(around_.parts.source->traits()),
      ledger_unit_(
          ledger_unit(around_.job, around_.parts, unit_, around_.run_id, around_.resources)),
      // A stream is never finished: whoever comes next claims it and goes on where it ended.
      run_(ledger_unit_, {.redo = around_.redo || traits_.goes_on(),
                          .resume = may_resume(around_.parts),
                          .stream = traits_.goes_on(),
                          .ends = !traits_.is_endless(),
                          .waits = true}),
      driver_({*around_.parts.state, *around_.parts.lake}, around_.resources.inbox,
              around_.series.new_series(), around_.resources.chance),
      others_(around_.resources, around_.options, around_.series.new_series()),
      renewal_(around_.resources.inbox, around_.options.lease, around_.series.new_series()),
      fill_tickets_(around_.series),
      fill_around_{around_.job,     around_.parts, around_.resources,
                   around_.options, fill_tickets_, around_.hashes_annex},
      lease_(std::move(lease)),
      phase_(around_.resources.meter.trace(), fill_tickets_.timer.series()),
      started_(now()) {
  report_.unit = unit_.id;
}

UnitTask::~UnitTask() = default;

void UnitTask::start_what_fits() {
  switch (phase_) {
    case UnitPhase::ledger:
      return ledger_on();
    case UnitPhase::filling:
      return fill_on();
    case UnitPhase::sweeping:
      return sweep_on();
    case UnitPhase::ended:
      break;
  }
}

void UnitTask::on(Event& event) {
  if (driver_.owns(event.ticket)) {
    phase_ == UnitPhase::sweeping ? driver_.on(*twins_, event) : driver_.on(run_, event);
  } else if (fill_ && fill_tickets_.own(event.ticket)) {
    fill_->on(event);
  } else if (renewal_.owns(event.ticket)) {
    renewal_.on(event);
  } else if (others_.owns(event.ticket)) {
    others_.on(event, run_);
  } else if (ahead_ && fill_tickets_.source.owns(event.ticket)) {
    ahead_->on(event);
  }
}

void UnitTask::stop(std::string why) {
  if (stopping_ || phase_ == UnitPhase::ended) return;
  stopping_ = true;
  others_.stop(run_);
  if (phase_ != UnitPhase::filling) return;
  if (traits_.is_endless()) {
    fill_->seal();  // What has been read is committed; the rest waits in the stream.
  } else {
    fill_->end(FillEnd::stopped, {ErrorKind::cancelled, std::move(why)});
  }
}

// ---- the ledger's turns ------------------------------------------------------------------------

void UnitTask::ledger_on() {
  driver_.start_what_fits(run_);
  if (!intent_at_ && run_.intent_written()) intent_at_ = now();
  if (run_.committed()) report_committed();
  if (run_.is_first_look() || run_.is_claiming()) look_ahead();
  if (!driver_.idle()) return;
  if (run_.waits()) return wait_on();
  if (run_.done()) {
    if (!close_source()) return;
    using Outcome = ledger::UnitRun::Outcome;
    const auto ended = run_.error() ? Outcome::lost : run_.outcome();
    if (ended != Outcome::failed || traits_.goes_on()) return finish();
    // A run that failed has not kept count of what it asked for twice.
    twins_.emplace(ledger_unit_);
    phase_.enter(UnitPhase::sweeping);
    return sweep_on();
  }
  if (!run_.wants_fill()) return;
  if (std::exchange(filled_, {}))
    in_vain_ =
        Error{ErrorKind::conflict, "an upload, or a part of one, was gone at its completion"};
  if (!stops_here()) return open_fill();
  if (traits_.goes_on()) {
    run_.leave();
  } else {
    fail({ErrorKind::cancelled, "stopped"}, {});
  }
  ledger_on();
}

// What was listed ahead is old once the wait is over.
void UnitTask::wait_on() {
  if (!close_source()) return;
  others_.decide(run_, report_);
  if (!others_.waits_for_timer()) ledger_on();
}

bool UnitTask::stops_here() const {
  const auto& until = around_.options.until;
  return stopping_ || (traits_.goes_on() && until && run_.record().position >= *until);
}

void UnitTask::sweep_on() {
  driver_.start_what_fits(*twins_);
  if (!twins_->done() || !driver_.idle()) return;
  if (twins_->error())
    report_.warnings.push_back("an upload may have been left open: " + twins_->error()->message);
  twins_.reset();
  if (!filled_) return finish();
  phase_.enter(UnitPhase::ledger);
  write_intent();
}

// A bounded unit's listing needs no claim: it begins while the record is being read, which costs a
// list in vain where the unit turns out to be done, and goes on while the claim is being written.
// Where the unit may have to begin behind a cursor, nothing is known before the claim says so.
void UnitTask::look_ahead() {
  if (traits_.goes_on() || stopping_ || may_resume(around_.parts)) return;
  if (!ahead_) {
    auto opened = Fill::open_ahead(fill_around_, unit_);
    if (!opened.ok()) return;  // The fill meets the error again.
    ahead_ = std::move(*opened);
  }
  ahead_->look_ahead();
}

// With what was opened ahead of it. What still comes for either is nobody's.
void UnitTask::drop_fill() {
  fill_.reset();
  ahead_.reset();
  fill_tickets_.renew(around_.series);
}

// Of a unit that was never filled after all. False: its lists are still under way.
bool UnitTask::close_source() {
  if (!ahead_) return true;
  ahead_->stop();
  if (!ahead_->drained()) return false;
  drop_fill();
  return true;
}

void UnitTask::write_intent() {
  if (traits_.is_endless() && filled_->intent.end <= run_.record().position) {
    run_.leave();  // Nothing has come
  } else {
    run_.fill(std::move(filled_->intent));
  }
  ledger_on();
}

// ---- the fill's turns ---------------------------------------------------------------------------

void UnitTask::open_fill() {
  report_.epoch = run_.epoch();
  if (fills_++ == fills_max) {
    Error why = *std::exchange(in_vain_, {});
    why.message += "; filled " + std::to_string(fills_max) + " times, each time in vain";
    fail(std::move(why), {});
    return ledger_on();
  }
  auto plan = plan_fill();
  auto fill = !plan.ok() ? Result<std::unique_ptr<Fill>>(plan.error())
                         : Fill::open(fill_around_, std::move(*plan), ahead_, lease_);
  if (!fill.ok()) {
    fail(Error(fill.error()), {});
    return ledger_on();
  }
  fill_ = std::move(*fill);
  renewal_.begin();
  phase_.enter(UnitPhase::filling);
  fill_on();
}

Result<FillPlan> UnitTask::plan_fill() const {
  FillPlan plan{.unit = unit_, .ledger_unit = ledger_unit_, .begin = run_.beginning()};
  if (!traits_.goes_on()) plan.begin.position = 0;
  if (const auto& incremental = traits_.incremental)
    plan.since = TRY(next_pass(*incremental, run_.record(), plan.unit.run_started));
  return plan;
}

void UnitTask::fill_on() {
  fill_->start_what_fits();
  keep_checkpoint();
  const auto ended = fill_->ended();
  if (!ended || run_.checkpointing()) return;
  FillEnd end = run_.done() ? FillEnd::failed : *ended;  // Done: by the answer to a renewal, say
  if (run_.claim_lost()) end = FillEnd::claim_lost;
  phase_.enter(UnitPhase::ledger);
  end == FillEnd::filled ? take_filled() : take_unfilled(end);
}

// What the sink has stored so far is noted in the record, so that a run that is killed loses no
// more than what came after.
void UnitTask::keep_checkpoint() {
  if (run_.may_checkpoint() && !run_.checkpointing()) {
    if (auto latest = fill_->take_checkpoint()) {
      run_.checkpoint(std::move(*latest));
      renewal_.begin();
    }
  }
  // Not once all has ended: where a write takes longer than the interval, one is always under way.
  if (!fill_->ended()) renewal_.renew_if_due(run_);
  driver_.start_what_fits(run_);
  if (run_.claim_lost()) {
    fill_->end(FillEnd::claim_lost, {ErrorKind::conflict, "another run has claimed the unit"});
  } else if (run_.done()) {
    fill_->end(FillEnd::failed,
               run_.error() ? *run_.error()
                            : Error{ErrorKind::internal, "the unit ended while it was filled"});
  }
}

void UnitTask::take_filled() {
  const std::vector<OpenUpload> mine = fill_->open_uploads();
  Filled filled = fill_->take_filled();
  for (const std::string& warning : fill_->warnings()) report_.warnings.push_back(warning);
  drop_fill();
  if (const Status status = check_may_commit(filled); !status.ok()) {
    fail(Error(status.error()), mine);
    return ledger_on();
  }
  filled.intent.provisional = why_provisional(around_.options);
  note_profile(around_.job, run_.record(), filled.is_resumed, filled.shape, filled.intent, report_);
  filled_ = std::move(filled);
  if (!filled_->may_have_twins) return write_intent();
  std::vector<UploadId> kept;
  for (const Upload& upload : filled_->intent.uploads) kept.push_back(upload.id);
  twins_.emplace(ledger_unit_, run_.epoch(), std::move(kept));
  phase_.enter(UnitPhase::sweeping);
  sweep_on();
}

// Nothing is under way any more. The unit is filled once more, or the record is told why not and
// our uploads are aborted; or all is left as it is for the next run to go on.
void UnitTask::take_unfilled(FillEnd end) {
  const std::vector<OpenUpload> mine = fill_->open_uploads();
  const std::vector<std::string> warnings = fill_->warnings();
  Error why = fill_->error().value_or(
      run_.error().value_or(Error{ErrorKind::conflict, "another run has claimed it"}));
  drop_fill();
  const bool again = end == FillEnd::upload_gone || end == FillEnd::cursor_unknown;
  if (!again) report_.warnings.insert(report_.warnings.end(), warnings.begin(), warnings.end());
  if ((again || end == FillEnd::claim_lost) && !run_.done()) {
    run_.upload_gone(mine);
    in_vain_ = std::move(why);
  } else if (!run_.done() || run_.may_fail()) {
    fail(std::move(why), mine);
  } else {
    failure_ = hidden(around_.job.secrets, std::move(why));
  }
  ledger_on();
}

// What has been stored stays, whatever the reason is: beginning anew would only cost. Where it is
// the reason itself a fill ends in another way.
void UnitTask::fail(Error why, std::vector<OpenUpload> mine) {
  failure_ = hidden(around_.job.secrets, std::move(why));
  ledger::Failed noted{failure_->message, format_rfc3339(around_.resources.clock.wall())};
  if (!run_.record().checkpoint) {
    run_.fail(std::move(noted), std::move(mine));
  } else if (!run_.done()) {
    run_.leave(std::move(mine), std::move(noted));
  }
}

// What an earlier run had stored isn't used up by a run that is only to be looked at. And policy 6:
// nothing, where there was something, is a mistake until somebody says that it isn't.
Status UnitTask::check_may_commit(const Filled& filled) {
  if (const std::string why = why_provisional(around_.options); !why.empty() && filled.is_resumed)
    return Error{ErrorKind::cancelled, why + " goes on behind an earlier run, and commits nothing"};
  if (filled.tally.documents > 0 || around_.job.allow_empty || traits_.goes_on()) return {};
  const auto& manifest = run_.record().manifest;
  if (manifest && !manifest->outputs.empty()) {
    return Error{ErrorKind::invalid, "no documents now, but its manifest of epoch " +
                                         std::to_string(manifest->epoch) + " has " +
                                         std::to_string(manifest->outputs.size()) +
                                         " objects; say allow_empty: true if that is right"};
  }
  if (around_.empty == Empty::refuse) {
    report_.found_nothing = true;
    const char* what = traits_.lists ? "no documents found; is the source's path right?"
                                     : "the source gave nothing; is that right?";
    return Error{ErrorKind::invalid, std::string(what) + " (allow_empty: true if it is)"};
  }
  return {};
}

// ---- the report ---------------------------------------------------------------------------------

// Of what is committed: a fill that was in vain is none of the unit's records.
void UnitTask::report_committed() {
  if (intent_at_) {
    report_.mixed = std::max(report_.mixed, now() - *intent_at_);
    intent_at_.reset();
  }
  if (!filled_) return;
  fills_ = 0;
  report_.tally += filled_->tally;
  report_.documents_before += filled_->documents_before;
  report_.reached = filled_->reached;
  if (const std::string why = why_provisional(around_.options);
      !why.empty() && !traits_.is_endless())
    report_.warnings.push_back("committed by " + why +
                               ": the unit stays unfinished till a run without it does it whole");
  for (SetAside& what : filled_->set_aside) {
    if (report_.set_aside.size() < set_aside_listed_max)
      report_.set_aside.push_back(std::move(what));
  }
  filled_.reset();
}

void UnitTask::finish() {
  phase_.enter(UnitPhase::ended);
  const bool is_ours = has_settled_ours();
  if (is_ours) report_committed();
  if (run_.error() || (!is_ours && run_.outcome() != ledger::UnitRun::Outcome::won))
    report_.profile.reset();
  lease_.release();
  report_.wall = now() - started_;
  if (run_.error()) {
    report_.outcome = UnitOutcome::failed;
    report_.error = Error(*run_.error()).in("unit " + unit_.id);
    return;
  }
  tell_outcome();
  if (report_.outcome != UnitOutcome::lost) return;
  report_.error =
      Error{ErrorKind::conflict,
            "unit " + unit_.id + ": another run has claimed it; this one stops, " +
                (traits_.is_endless() ? "what it has committed stays" : "nothing of it is left")};
}

// Our intent could not be completed, and then it could, when we claimed the unit once more.
bool UnitTask::has_settled_ours() const {
  return !run_.error() && run_.outcome() == ledger::UnitRun::Outcome::nothing_to_do &&
         run_.held().record && run_.held().record->manifest->run == around_.run_id;
}

void UnitTask::tell_outcome() {
  using Outcome = ledger::UnitRun::Outcome;
  const bool is_cancelled = failure_ && failure_->kind == ErrorKind::cancelled;
  switch (run_.outcome()) {
    // A stream has never reached its end: its owner wins for good only where whoever claimed the
    // partition from it has completed its last span for it.
    case Outcome::won:
      report_.outcome = traits_.is_endless() ? UnitOutcome::lost : UnitOutcome::done;
      break;
    case Outcome::left:
      report_.outcome = stopping_ || is_cancelled ? UnitOutcome::stopped
                        : failure_                ? UnitOutcome::failed
                                                  : UnitOutcome::done;
      if (failure_ && !stopping_) {
        report_.error = Error(*failure_).in("unit " + unit_.id);
        report_.error->message += "; what has been stored is kept: the next run goes on there";
      }
      break;
    case Outcome::nothing_to_do:
      report_.outcome = has_settled_ours()      ? UnitOutcome::done
                        : run_.done_meanwhile() ? UnitOutcome::done_by_other
                                                : UnitOutcome::done_already;
      break;
    case Outcome::stale:
      report_.outcome = UnitOutcome::stale;
      break;
    case Outcome::left_alone:
      report_.outcome = stopping_ ? UnitOutcome::stopped : UnitOutcome::claimed;
      report_.error = Error{
          ErrorKind::conflict,
          "unit " + unit_.id + ": " + others_.words() +
              (stopping_ ? "; stopped before it was done" : "; not waited for, as --no-wait says")};
      break;
    case Outcome::lost:
      report_.outcome = run_.unit_is_finished() && !traits_.is_endless()
                            ? UnitOutcome::done_by_other
                            : UnitOutcome::lost;
      break;
    case Outcome::failed:
      report_.outcome = stopping_ && is_cancelled ? UnitOutcome::stopped : UnitOutcome::failed;
      report_.error = Error(*failure_).in("unit " + unit_.id);
      break;
  }
}

Tally UnitTask::tally() const {
  return report_.tally + (fill_ ? fill_->tally() : filled_ ? filled_->tally : Tally());
}

}  // namespace sluice
