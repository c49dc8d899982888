#include "ledger/unit_run.h"

namespace sluice::ledger {

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
    if (step_.error()) {
      error_ = step_.error();
      ended_ = true;
    } else if (step_.at<Claim>()) {
      after_claim();
    } else if (step_.at<Retire>()) {
      commit();
    } else if (step_.at<Commit>()) {
      after_commit();
    } else if (step_.at<ReadRecord>()) {
      after_gone();
    } else if (step_.at<Finish>()) {
      held_ = step_.as<Finish>().held();
      end(outcome_);
    } else if (step_.at<Fail>()) {
      held_ = step_.as<Fail>().held();
      end(Outcome::failed);
    } else {
      end(Outcome::lost);
    }
  }
}

void UnitRun::claim() {
  may_fail_ = false;
  step_.go(Claim(unit_, {.redo = options_.redo, .resume = options_.resume}));
}

void UnitRun::after_claim() {
  const Claim::Outcome outcome = step_.as<Claim>().outcome();
  held_ = step_.as<Claim>().held();
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

void UnitRun::fill(Intent intent) {
  ENSURE(wants_fill());
  committed_ = false;
  intent_ = std::move(intent);
  step_.go(Retire(unit_, record(), intent_.uploads, options_.stream));
  go_on();
}

void UnitRun::commit() {
  intent_.retire = step_.as<Retire>().retired();
  const After after = options_.stream ? After::keep : After::release;
  step_.go(Commit(unit_, held_, std::move(intent_), after));
  intent_ = {};
}

void UnitRun::after_commit() {
  const Commit commit = std::move(step_.as<Commit>());
  if (commit.outcome() == Commit::Outcome::again) {
    held_ = {};
    return claim();
  }
  const uint64_t epoch = held_.record->epoch;
  held_ = commit.held();
  if (commit.outcome() == Commit::Outcome::lost) return end(Outcome::lost);
  if (!options_.stream || commit.by_other()) return end(Outcome::won);
  // A stream's owner goes on, unless somebody has claimed its partition during step 7.
  if (held_.record->run != unit_->run || held_.record->epoch != epoch) return end(Outcome::lost);
  may_fail_ = true;
  step_.go(Rest());
}

void UnitRun::fail(Failed failed, std::vector<OpenUpload> mine) {
  ENSURE(may_fail_);
  may_fail_ = false;
  ended_ = false;
  error_.reset();
  step_.go(Fail(unit_, held_, std::move(failed), std::move(mine)));
  go_on();
}

void UnitRun::upload_gone(std::vector<OpenUpload> mine) {
  ENSURE(wants_fill());
  mine_ = std::move(mine);
  step_.go(ReadRecord(unit_));
}

// Unclaimed by others, it was a lifecycle rule that took the upload: the unit is filled once more.
void UnitRun::after_gone() {
  Held now = step_.as<ReadRecord>().held();
  if (now.record && now.etag == held_.etag) {
    mine_.clear();
    held_ = {};
    return claim();
  }
  held_ = std::move(now);
  if (held_.record) mine_ = unnamed(std::move(mine_), *held_.record);
  step_.go(AbortAll(unit_, std::move(mine_)));
  mine_.clear();
}

void UnitRun::leave() {
  ENSURE(wants_fill() && options_.stream);
  end(Outcome::left);
}

bool UnitRun::unit_is_finished() const {
  return held_.record && finished(*held_.record, unit_->fingerprint);
}

void UnitRun::end(Outcome outcome) {
  outcome_ = outcome;
  may_fail_ = false;
  ended_ = true;
  step_.go(Rest());
}

}  // namespace sluice::ledger
