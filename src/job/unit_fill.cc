// The fill of a unit: its source, walk and sink, from the claim to the intent. The ledger's turns
// are in unit_task.cc.
#include <algorithm>

#include "base/text.h"
#include "base/time.h"
#include "job/drift.h"
#include "job/passes.h"
#include "job/unit_task.h"

namespace sluice {
namespace {

std::vector<OpenUpload> to_open(const std::vector<std::pair<Key, UploadId>>& uploads) {
  std::vector<OpenUpload> open;
  open.reserve(uploads.size());
  for (const auto& [key, id] : uploads) open.push_back({key, id});
  return open;
}

// Two for the source's input and its windows, and what records of the greatest size need.
uint64_t input_share_bytes() {
  return whole_bytes_max + chunk_bytes_max;
}
uint64_t window_share_bytes(const Job& job) {
  return std::max(hold_bytes_max, job.record_bytes_max) + 4 * chunk_bytes_max;
}

// What a span's objects are named by. Spans that begin at the same position are one span that is
// done again; names_of() in run.cc knows this form. Twelve digits, so that names sort by position.
std::string span_id(const std::string& unit_id, uint64_t position) {
  std::string id = unit_id + '-';
  append_padded(position, 12, id);
  return id;
}

}  // namespace

uint64_t unit_bytes_min(const Job& job) {
  return job.sink_share_bytes + input_share_bytes() + window_share_bytes(job);
}

bool may_resume(const JobParts& parts) {
  return parts.source->resumable() && !parts.recipe.identity && parts.encoder->coil_bytes() == 0;
}

Status UnitTask::open_source() {
  Resources& shared = around_.resources;
  const bool stream = around_.parts.source->stream();
  source_ = TRY(around_.parts.source->open(
      {unit_, shared.in_flight, shared.budget, shared.inbox, source_series_, around_.options.limit,
       stream ? run_.record().position : 0, around_.options.until,
       checkpoints_ ? checkpoints_->cursor() : std::nullopt}));
  return {};
}

Status UnitTask::begin_pass() {
  const auto incremental = around_.parts.source->incremental();
  if (!incremental) return {};
  since_ = TRY(next_pass(*incremental, run_.record()));
  unit_.since = &*since_;
  return {};
}

Status UnitTask::end_pass() {
  if (!since_) return {};
  reached_ = TRY(reached(since_->job, walk_->high_water()));
  report_.reached = reached_.greatest;
  return {};
}

void UnitTask::open_walk() {
  const Job& job = around_.job;
  const JobParts& parts = around_.parts;
  Resources& shared = around_.resources;
  phase_ = Phase::filling;
  ++span_;
  const Status pass = begin_pass();
  span_unit_ = unit_;
  if (parts.source->stream()) span_unit_.id = span_id(unit_.id, run_.record().position);
  report_.epoch = run_.epoch();
  sink_share_ = std::make_unique<Budget>(lease_.split(job.sink_share_bytes));
  Lease input = lease_.split(input_share_bytes());
  purse_ = std::make_unique<Purse>(shared.budget, std::move(input),
                                   lease_.split(window_share_bytes(job)));

  checkpoints_ =
      std::make_unique<Checkpoints>(may_resume(parts) ? run_.record().checkpoint : std::nullopt);
  if (checkpoints_->resumed()) source_.reset();  // Looked ahead from the beginning
  const Status source = !pass.ok() || source_ ? pass : open_source();
  auto sink = parts.sink->open({span_unit_, run_.mark(), *sink_share_, shared.budget, shared.meter,
                                shared.workers, shared.inbox, sink_series_, may_resume(parts),
                                checkpoints_->sink()});
  if (!source.ok() || !sink.ok()) {
    failure_ = source.ok() ? sink.error() : source.error();
    phase_ = Phase::draining;
    return;
  }
  sink_ = std::move(*sink);
  inputs_ = std::make_unique<InputsLog>(*ledger_unit_, run_.epoch(), *parts.state, shared.inbox,
                                        around_.series.new_series());
  log_ = std::make_unique<UnitLog>(*inputs_, report_, *checkpoints_);
  walk_ = std::make_unique<Walk>(Walk::Parts{*source_, *sink_, *parts.decoder, parts.recipe,
                                             span_unit_, *purse_, shared.workers, shared.inbox,
                                             around_.series.new_series(), shared.meter, *log_,
                                             job.on_bad, parts.source->wants_envelopes()});
  if (endless_) {
    // The timer's ticket says which span it is for: a later one must not be sealed by it.
    const Ticket ticket =
        (static_cast<Ticket>(timer_.series()) << 32) | static_cast<uint32_t>(span_);
    shared.inbox.post_at(now() + around_.options.span.age, std::make_unique<Event>(ticket));
  }
  walk_on();
}

void UnitTask::walk_on() {
  inputs_->start_what_fits();
  if (!inputs_->full()) walk_->start_what_fits();
  if (const Status status = walk_->status(); !status.ok()) return give_up(Error(status.error()));
  if (const Status status = inputs_->status(); !status.ok()) return give_up(Error(status.error()));
  if (endless_ && walk_->sums().documents >= around_.options.span.documents) {
    walk_->seal();
    walk_->start_what_fits();
  }
  keep_checkpoint();
  if (phase_ != Phase::filling) return;
  if (!walk_->filled() || !source_->drained()) return;
  if (!inputs_->finished()) {
    inputs_->finish();
    inputs_->start_what_fits();
    if (!inputs_->finished()) return;
  }
  if (const Status status = check_not_empty(); !status.ok()) return give_up(Error(status.error()));
  if (!walk_->drained() || run_.checkpointing()) return;
  if (const Status status = end_pass(); !status.ok()) return give_up(Error(status.error()));
  fill_record();
}

// What the sink has stored so far is noted in the record, so that a run that is killed loses no
// more than what came after.
void UnitTask::keep_checkpoint() {
  if (auto stored = sink_->take_checkpoint()) {
    checkpoints_->store(std::move(*stored), log_->set_aside);
  }
  if (run_.may_checkpoint() && !run_.checkpointing()) {
    if (auto latest = checkpoints_->take()) run_.checkpoint(std::move(*latest));
  }
  driver_.start_what_fits(run_);
  if (run_.claim_lost()) {
    give_up({ErrorKind::not_found, "another run has claimed the unit"});
  } else if (run_.done()) {
    give_up(run_.error() ? *run_.error()
                         : Error{ErrorKind::internal, "the unit ended while it was filled"});
  }
}

// Policy 6: nothing, where there was something, is a mistake until somebody says that it isn't.
Status UnitTask::check_not_empty() const {
  if (walk_->sums().documents > 0 || around_.job.allow_empty || around_.parts.source->stream())
    return {};
  const auto& manifest = run_.record().manifest;
  if (manifest && !manifest->outputs.empty()) {
    return Error{ErrorKind::invalid, "no documents now, but its manifest of epoch " +
                                         std::to_string(manifest->epoch) + " has " +
                                         std::to_string(manifest->outputs.size()) +
                                         " objects; say allow_empty: true if that is right"};
  }
  if (around_.alone) {
    return Error{ErrorKind::invalid,
                 "no documents found; is the source's path right? (allow_empty: true if it is)"};
  }
  return {};
}

void UnitTask::fill_record() {
  const WalkSums& sums = walk_->sums();
  const SinkSums written = sink_->sums();
  report_.walk.documents += sums.documents;
  report_.documents_before += checkpoints_->sums_before().documents;
  report_.walk.bytes_read += sums.bytes_read;
  report_.walk.bytes_inflated += sums.bytes_inflated;
  report_.walk.filtered += sums.filtered;
  report_.walk.had_before += sums.had_before;
  report_.walk.documents_set_aside += sums.documents_set_aside;
  report_.walk.documents_partial += sums.documents_partial;
  report_.walk.records_set_aside += sums.records_set_aside;
  report_.walk.position = sums.position;
  report_.records += written.records;
  report_.duplicates += written.duplicates + sums.had_before;
  report_.conflicts += written.conflicts;
  report_.bytes_written += written.bytes;
  bool may_have_twins = false;
  meant_ = intent(may_have_twins);
  report_.objects += meant_->uploads.size();
  note_profile(around_.job, run_.record(), checkpoints_->resumed(), walk_->shape(), *meant_,
               report_);
  for (SetAside& what : log_->set_aside) {
    if (report_.set_aside.size() < set_aside_listed_max)
      report_.set_aside.push_back(std::move(what));
  }
  close_walk();
  if (!may_have_twins) return write_intent();
  std::vector<UploadId> kept;
  for (const ledger::Upload& upload : meant_->uploads) kept.push_back(upload.id);
  twins_.emplace(ledger_unit_, run_.epoch(), std::move(kept));
  phase_ = Phase::sweeping;
  sweep_on();
}

void UnitTask::write_intent() {
  ledger::Intent meant = std::move(*meant_);
  meant_.reset();
  if (endless_ && meant.end <= run_.record().position) {
    run_.leave();  // Nothing has come
  } else {
    run_.fill(std::move(meant));
  }
  ledger_on();
}

ledger::Intent UnitTask::intent(bool& may_have_twins) {
  const WalkSums& sums = walk_->sums();
  const SinkSums written = sink_->sums();
  ledger::Intent intent;
  intent.inputs = inputs_->inputs();
  for (const Prepared& prepared : sink_->take_prepared()) {
    may_have_twins |= prepared.may_have_twin;
    intent.uploads.push_back(to_upload(prepared));
  }
  intent.set_aside = checkpoints_->set_aside_before();
  for (const SetAside& what : log_->set_aside) {
    if (intent.set_aside.size() >= set_aside_listed_max) break;
    intent.set_aside.push_back(
        {.document = what.document, .offset = what.offset, .reason = what.reason});
  }
  intent.sums = total_sums(sums, written, checkpoints_->sums_before());
  if (endless_) intent.end = sums.position;
  if (since_) intent.end = run_.record().position + 1;
  intent.reached = std::move(reached_);
  return intent;
}

// A later run may begin where the record says.
bool UnitTask::has_checkpoint() const {
  return run_.checkpointing() || run_.record().checkpoint;
}

// The unit has failed, or is to stop: nothing new is started, and once nothing is under way any
// more the record is told why and our uploads are aborted; or all is left as it is for the next
// run to go on.
void UnitTask::give_up(Error why) {
  failure_ = std::move(why);
  gone_ = failure_->kind == ErrorKind::not_found;
  // What passes by itself is no reason to begin anew. What doesn't would fail the same way at the
  // same place.
  const bool passes =
      failure_->kind == ErrorKind::transient || failure_->kind == ErrorKind::throttled;
  leaving_ = passes && has_checkpoint();
  walk_->stop();
  phase_ = Phase::draining;
  close_walk();
}

void UnitTask::close_walk() {
  if (walk_ && (!walk_->drained() || !inputs_->idle() || run_.checkpointing())) return;
  const std::vector<OpenUpload> mine =
      sink_ ? to_open(sink_->open_uploads()) : std::vector<OpenUpload>();
  walk_.reset();
  log_.reset();
  inputs_.reset();
  source_.reset();
  sink_.reset();
  lease_.merge(sink_share_->release());
  for (Lease& share : purse_->release()) lease_.merge(std::move(share));
  sink_share_.reset();
  purse_.reset();
  const bool failed = phase_ == Phase::draining;
  phase_ = Phase::ledger;
  if (!failed) return;
  if (leaving_ && !run_.claim_lost() && !run_.done()) {
    run_.leave();
  } else if (gone_ && !run_.done()) {
    gone_ = false;
    run_.upload_gone(mine);
  } else if (!run_.done() || run_.may_fail()) {
    run_.fail({failure_->message, format_rfc3339(around_.resources.clock.wall())}, mine);
  }
  ledger_on();
}

}  // namespace sluice
