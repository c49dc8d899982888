#include "ledger/unit_run.h"

#include <algorithm>
#include <utility>

namespace sluice::ledger {

namespace {

bool has(const std::vector<Upload>& uploads, const UploadId& id) {
  return std::ranges::find(uploads, id, &Upload::id) != uploads.end();
}

}  // namespace

UnitRun::UnitRun(UnitPtr unit, UnitRunOptions options) : unit_(std::move(unit)), options_(options) {
  claim();
}

void UnitRun::take(uint32_t id, Result<Answer> answer) {
  step_.take(id, std::move(answer));
  go_on();
}

void UnitRun::go_on() {
  while (!ended_ && !step_.at<Rest>()) {
    if (step_.at<Commit>()) {
      const Commit& commit = step_.as<Commit>();
      committed_ = commit.committed();
      if (commit.intent_written() || committed_) may_fail_ = false;
    }
    if (!step_.done()) return;
    if (step_.error() && step_.at<SweepTwins>()) {
      after_sweep();  // What was left open costs, and harms nothing.
    } else if (step_.error() && step_.at<GiveUp>() && outcome_ == Outcome::left) {
      end(Outcome::left);
    } else if (step_.error()) {
      error_ = step_.error();
      ended_ = true;
    } else if (step_.at<Claim>()) {
      after_claim();
    } else if (step_.at<Change>()) {
      after_change();
    } else if (step_.at<Retire>()) {
      commit();
    } else if (step_.at<Commit>()) {
      after_commit();
    } else if (step_.at<ReadRecord>()) {
      after_gone();
    } else if (step_.at<Finish>()) {
      held_ = step_.as<Finish>().held();
      end(outcome_);
    } else if (step_.at<GiveUp>()) {
      held_ = step_.as<GiveUp>().held();
      end(outcome_);
    } else if (step_.at<SweepTwins>()) {
      after_sweep();
    } else if (checkpointing_) {
      checkpointed();
    } else {
      lose();
    }
  }
}

void UnitRun::claim() {
  may_fail_ = claim_lost_ = false;
  step_.go(Claim(unit_, {.redo = options_.redo,
                         .resume = options_.resume,
                         .waits = options_.waits,
                         .by_either = options_.waits && (!options_.stream || options_.ends),
                         .first_seen = first_seen_}));
}

void UnitRun::look_again() {
  step_.as<Claim>().look_again();
}

void UnitRun::take_over() {
  step_.as<Claim>().take_over();
  go_on();
}

void UnitRun::leave_alone() {
  step_.as<Claim>().leave_alone();
  go_on();
}

void UnitRun::after_claim() {
  const Claim::Outcome outcome = step_.as<Claim>().outcome();
  held_ = step_.as<Claim>().held();
  first_seen_ = step_.as<Claim>().first_seen();
  const std::optional<uint64_t> another = step_.as<Claim>().another();
  saw_another_ = another && unit_->rules.sweep_again;
  if (!another_) another_ = another;
  if (outcome == Claim::Outcome::left_alone) return end(Outcome::left_alone);
  if (outcome == Claim::Outcome::claimed) {
    may_fail_ = true;
    step_.go(Rest());
    return;
  }
  outcome_ = outcome == Claim::Outcome::stale ? Outcome::stale : Outcome::nothing_to_do;
  held_ = {};
  step_.go(Finish(unit_, std::nullopt));
}

bool UnitRun::wants_fill() const {
  return !ended_ && step_.at<Rest>();
}

Beginning UnitRun::beginning() const {
  ENSURE(wants_fill());
  return {epoch(), mark(), record().position, record().checkpoint};
}

// An upload of the checkpoint that the intent has no use for is taken out of the record first, so
// that nobody takes it for one that is needed; then it is aborted.
void UnitRun::fill(Intent intent) {
  ENSURE(wants_fill());
  committed_ = false;
  intent_ = std::move(intent);
  intent_.early = is_early();
  const auto is_unwanted = [&](const Upload& upload) { return !has(intent_.uploads, upload.id); };
  if (record().checkpoint && !claim_lost_) {
    Checkpoint wanted = *record().checkpoint;
    if (std::erase_if(wanted.uploads, is_unwanted) > 0) {
      committing_ = true;
      return write_checkpoint(std::move(wanted));
    }
  }
  retire();
}

// What was asked for early stays so, whoever goes on with it and when.
bool UnitRun::is_early() const {
  return unit_->early || (record().checkpoint && record().checkpoint->early);
}

void UnitRun::retire() {
  step_.go(Retire(unit_, record(), intent_.uploads, options_.stream));
  go_on();
}

void UnitRun::commit() {
  intent_.retire = step_.as<Retire>().retired();
  const After after = options_.stream && !options_.ends ? After::keep : After::release;
  step_.go(Commit(unit_, held_, std::move(intent_), after));
  intent_ = {};
}

void UnitRun::after_commit() {
  const Commit commit = std::move(step_.as<Commit>());
  if (commit.outcome() == Commit::Outcome::again) {
    held_ = {};
    options_.resume = false;
    return claim();
  }
  const uint64_t epoch = held_.record->epoch;
  held_ = commit.held();
  if (commit.outcome() == Commit::Outcome::lost) return lose();
  // A stream's owner goes on, unless somebody has claimed its partition during step 7.
  const bool goes_on = options_.stream && !options_.ends && !commit.by_other();
  if (goes_on && (held_.record->run != unit_->run || held_.record->epoch != epoch)) return lose();
  outcome_ = goes_on ? Outcome::left : Outcome::won;
  if (!std::exchange(saw_another_, false)) return after_sweep();
  // It may have opened uploads after our list, before it found out that it had lost.
  step_.go(goes_on ? SweepTwins(unit_, epoch, {}) : SweepTwins(unit_));
}

void UnitRun::after_sweep() {
  if (outcome_ == Outcome::won) return end(Outcome::won);
  may_fail_ = true;
  step_.go(Rest());
}

// Somebody else has claimed the unit, and nothing of ours is open any more.
void UnitRun::lose() {
  const bool endless = options_.stream && !options_.ends;
  if (!options_.waits || endless) return end(Outcome::lost);
  if (!another_) another_ = first_seen_.value_or(0) + 1;  // It may be closed by now.
  held_ = {};
  claim();
}

// ---- checkpoints --------------------------------------------------------------------------------

void UnitRun::checkpoint(Checkpoint where) {
  ENSURE(may_checkpoint());
  where.fingerprint = unit_->fingerprint;
  where.early = is_early();
  write_checkpoint(std::move(where));
}

void UnitRun::write_checkpoint(Checkpoint where) {
  mine_.clear();
  if (record().checkpoint) {
    for (const Upload& upload : record().checkpoint->uploads) {
      if (!has(where.uploads, upload.id)) mine_.push_back({upload.key, upload.id});
    }
  }
  Record next = record();
  next.checkpoint = std::move(where);
  write(std::move(next));
}

void UnitRun::renew() {
  ENSURE(may_renew());
  Record next = record();
  next.renewals += 1;
  write(std::move(next));
}

void UnitRun::write(Record next) {
  checkpointing_ = true;
  step_.go(Change(unit_, held_, std::move(next)));
}

// Not ours: nothing is aborted until the caller has stopped writing and says so, and then only what
// the record, read after that, doesn't name: whoever has claimed the unit may have taken it over.
void UnitRun::after_change() {
  claim_lost_ = !step_.as<Change>().ours();
  if (claim_lost_) {
    mine_.clear();
    return checkpointed();
  }
  held_ = step_.as<Change>().held();
  step_.go(AbortAll(unit_, std::move(mine_)));
  mine_.clear();
}

void UnitRun::checkpointed() {
  checkpointing_ = false;
  step_.go(Rest());
  if (std::exchange(committing_, false)) retire();
}

// ---- other ends ---------------------------------------------------------------------------------

void UnitRun::fail(Failed failed, std::vector<OpenUpload> mine) {
  ENSURE(may_fail());
  may_fail_ = false;
  ended_ = false;
  checkpointing_ = committing_ = false;
  error_.reset();
  mine_ = std::move(mine);
  add_checkpointed();
  outcome_ = Outcome::failed;
  step_.go(GiveUp(unit_, held_, std::move(failed), GiveUp::Checkpoint::dropped, std::move(mine_)));
  mine_.clear();
  go_on();
}

// What was resumed is ours, whether or not the caller got to open it.
void UnitRun::add_checkpointed() {
  if (!held_.record || !held_.record->checkpoint) return;
  for (const Upload& upload : held_.record->checkpoint->uploads) {
    const OpenUpload open{upload.key, upload.id};
    if (std::ranges::find(mine_, open) == mine_.end()) mine_.push_back(open);
  }
}

void UnitRun::upload_gone(std::vector<OpenUpload> mine) {
  ENSURE(wants_fill());
  mine_ = std::move(mine);
  add_checkpointed();
  step_.go(ReadRecord(unit_));
}

// Unclaimed by others, it was a lifecycle rule that took the upload: the unit is filled once more,
// from its beginning.
void UnitRun::after_gone() {
  Held now = step_.as<ReadRecord>().held();
  if (now.record && now.etag == held_.etag) {
    mine_.clear();
    held_ = {};
    options_.resume = false;
    return claim();
  }
  held_ = std::move(now);
  if (held_.record && unit_->rules.record_owns_uploads) {
    mine_ = unnamed(std::move(mine_), *held_.record);
  }
  step_.go(AbortAll(unit_, std::move(mine_)));
  mine_.clear();
}

void UnitRun::leave(std::vector<OpenUpload> mine, std::optional<Failed> why) {
  ENSURE(wants_fill());
  may_fail_ = false;
  outcome_ = Outcome::left;
  step_.go(GiveUp(unit_, held_, std::move(why), GiveUp::Checkpoint::kept, std::move(mine)));
  go_on();
}

bool UnitRun::done_meanwhile() const {
  return outcome_ == Outcome::nothing_to_do && unit_is_finished() && another_ &&
         held_.record->manifest->epoch >= *another_;
}

bool UnitRun::unit_is_finished() const {
  return held_.record && ledger::committed(*held_.record) &&
         held_.record->manifest->provisional.empty() &&
         held_.record->manifest->fingerprint == unit_->fingerprint;
}

void UnitRun::end(Outcome outcome) {
  outcome_ = outcome;
  may_fail_ = false;
  ended_ = true;
  step_.go(Rest());
}

}  // namespace sluice::ledger
