#include "ledger/claim.h"

namespace sluice::ledger {

Claim::Claim(UnitPtr unit, ClaimOptions options) : unit_(std::move(unit)), options_(options) {
  step_.go(ReadRecord(unit_));
}

void Claim::take(uint32_t id, Result<Answer> answer) {
  step_.take(id, std::move(answer));
  go_on();
}

void Claim::go_on() {
  while (!done() && step_.done()) {
    if (step_.error()) {
      error_ = step_.error();
      step_.go(Rest());
    } else if (step_.at<ReadRecord>()) {
      after_read();
    } else if (step_.at<ListOpen>()) {
      listed_ = step_.as<ListOpen>().uploads();
      unit_->rules.list_before_claim ? settle_first() : sweep();
    } else if (step_.at<Settled>()) {
      after_settled();
    } else if (step_.at<Change>()) {
      after_change();
    } else {
      end(Outcome::claimed);
    }
  }
}

void Claim::after_read() {
  held_ = step_.as<ReadRecord>().held();
  listed_.clear();
  if (!held_.record) {
    write({.job = unit_->job, .unit = unit_->id});
    return;
  }
  const Rules& rules = unit_->rules;
  const bool unsettled = held_.record->intent || !held_.record->leftovers.empty();
  // Who failed closed its claim, but may have left an upload of which it never heard: the answer to
  // its creation was lost. And a checkpoint that nobody resumes leaves its uploads to be swept.
  const bool failed = held_.record->failed && rules.list_if_failed;
  const bool open =
      held_.record->run || failed || (held_.record->checkpoint && !resumes(*held_.record));
  if (rules.list_before_claim && (open || (unsettled && rules.list_if_unsettled))) {
    step_.go(ListOpen(unit_));
  } else {
    settle_first();
  }
}

// What another form of the job has begun can't be gone on with.
bool Claim::resumes(const Record& record) const {
  return options_.resume && record.checkpoint &&
         record.checkpoint->fingerprint == unit_->fingerprint;
}

void Claim::settle_first() {
  step_.go(Settled(unit_, *held_.record));
}

void Claim::after_settled() {
  const Settled settled = std::move(step_.as<Settled>());
  if (settled.stuck()) return end(Outcome::stuck);
  if (!options_.redo && finished(settled.record())) {
    outcome_ =
        finished(settled.record(), unit_->fingerprint) ? Outcome::nothing_to_do : Outcome::stale;
    if (settled.record() == *held_.record) return end(outcome_);
    claiming_ = false;
    step_.go(Change(unit_, held_, settled.record()));
    return;
  }
  Record next = settled.record();
  if (settled.dropped() && !unit_->rules.drop_moves_epoch) --next.epoch;
  if (!resumes(next)) next.checkpoint.reset();
  write(std::move(next));
}

// `next`: what the record says without the claim.
void Claim::write(Record next) {
  next.epoch += 1;
  next.run = unit_->run;
  next.host = unit_->host;
  next.since = unit_->since;
  next.share_bytes = unit_->share_bytes;
  next.failed.reset();
  claiming_ = true;
  step_.go(Change(unit_, held_, std::move(next)));
}

void Claim::after_change() {
  if (!step_.as<Change>().ours()) {
    held_ = {};
    step_.go(ReadRecord(unit_));
    return;
  }
  const bool was_there = held_.record.has_value();
  held_ = step_.as<Change>().held();
  if (!claiming_) return end(outcome_);
  if (was_there && !unit_->rules.list_before_claim) {
    step_.go(ListOpen(unit_));
  } else {
    sweep();
  }
}

void Claim::sweep() {
  step_.go(AbortAll(unit_, unnamed(std::move(listed_), *held_.record)));
  listed_.clear();
}

void Claim::end(Outcome outcome) {
  outcome_ = outcome;
  step_.go(Rest());
}

}  // namespace sluice::ledger
