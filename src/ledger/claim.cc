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
  while (!waits_ && !done() && step_.done()) {
    if (step_.error()) {
      error_ = step_.error();
      step_.go(Rest());
    } else if (step_.at<ReadRecord>()) {
      after_read();
    } else if (step_.at<LookAgain>()) {
      step_.as<LookAgain>().same() ? wait() : step_.go(ReadRecord(unit_));
    } else if (step_.at<ListOpen>()) {
      listed_ = step_.as<ListOpen>().uploads();
      unit_->rules.list_before_claim ? settle_first() : sweep();
    } else if (step_.at<Settled>()) {
      after_settled();
    } else if (step_.at<Change>()) {
      after_change();
    } else {
      end(outcome_);
    }
  }
}

void Claim::after_read() {
  held_ = step_.as<ReadRecord>().held();
  listed_.clear();
  if (!options_.first_seen) options_.first_seen = held_.record ? held_.record->epoch : 0;
  const bool others = held_.record && held_.record->run && held_.record->run != unit_->run;
  if (others && !another_) another_ = held_.record->epoch;
  others&& options_.waits&& held_.etag != taken_over_ ? wait() : go_ahead();
}

void Claim::wait() {
  waits_ = true;
  step_.go(Rest());
}

void Claim::look_again() {
  ENSURE(waits_);
  waits_ = false;
  step_.go(LookAgain(unit_, held_.etag));
}

void Claim::take_over() {
  ENSURE(waits_);
  waits_ = false;
  taken_over_ = held_.etag;
  go_ahead();
  go_on();
}

void Claim::leave_alone() {
  ENSURE(waits_);
  waits_ = false;
  end(is_done(*held_.record) ? outcome_of(*held_.record) : Outcome::left_alone);
}

void Claim::go_ahead() {
  if (!held_.record) {
    write({.job = unit_->job, .unit = unit_->id});
    return;
  }
  const bool is_clean = !held_.record->run && !held_.record->checkpoint && !held_.record->failed;
  if (is_clean && is_done(*held_.record)) return end(outcome_of(*held_.record));
  const Rules& rules = unit_->rules;
  const bool unsettled = held_.record->intent || !held_.record->leftovers.empty();
  // Who failed, or left with a checkpoint, closed its claim, but may have left an upload of which
  // it never heard: the answer to its creation was lost. And a checkpoint that nobody resumes
  // leaves its uploads to be swept.
  const bool failed = held_.record->failed && rules.list_if_failed;
  const bool left = held_.record->checkpoint && rules.list_if_checkpoint;
  const bool open = held_.record->run || failed || left;
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
  if (is_done(settled.record())) return close_over(settled.record());
  Record next = settled.record();
  if (settled.dropped() && !unit_->rules.drop_moves_epoch) --next.epoch;
  if (!resumes(next)) next.checkpoint.reset();
  write(std::move(next));
}

bool Claim::is_done(const Record& record) const {
  if (!options_.redo && finished(record)) return true;
  // What another run has committed meanwhile is as new as ours would be.
  return options_.by_either && committed(record) &&
         record.manifest->fingerprint == unit_->fingerprint &&
         record.manifest->epoch > first_seen();
}

Claim::Outcome Claim::outcome_of(const Record& record) const {
  return record.manifest->fingerprint == unit_->fingerprint ? Outcome::nothing_to_do
                                                            : Outcome::stale;
}

// There is nothing to fill. A claim that a dead run has left over what is done is closed, a
// checkpoint that nobody will go on with dropped, and the word of one that has failed taken back,
// in an epoch of its own, as settle does; and their uploads are swept.
void Claim::close_over(Record done) {
  outcome_ = outcome_of(done);
  if (done.run || done.checkpoint || done.failed) {
    close_claim(done);
    done.failed.reset();
    done.epoch += 1;
  }
  if (done == *held_.record) return end(outcome_);
  claiming_ = false;
  step_.go(Change(unit_, held_, std::move(done)));
}

// `next`: what the record says without the claim.
void Claim::write(Record next) {
  next.epoch += 1;
  next.run = unit_->run;
  next.host = unit_->host;
  next.process = unit_->process;
  next.renewals = 0;
  next.since = unit_->since;
  next.share_bytes = unit_->share_bytes;
  next.failed.reset();
  outcome_ = Outcome::claimed;
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
  if (claiming_ && was_there && !unit_->rules.list_before_claim) {
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
