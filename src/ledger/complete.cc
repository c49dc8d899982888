#include "ledger/complete.h"

#include <algorithm>

namespace sluice::ledger {

// ---- CompleteAll --------------------------------------------------------------------------------

CompleteAll::CompleteAll(UnitPtr unit, Shared<Intent> intent)
    : unit_(std::move(unit)),
      intent_(std::move(intent)),
      batch_(intent_->uploads.size(), unit_->calls_in_flight),
      looking_(intent_->uploads.size(), false),
      etags_(intent_->uploads.size()) {}

std::optional<Call> CompleteAll::next() {
  const auto item = batch_.start();
  if (!item) return std::nullopt;
  const Upload& upload = intent_->uploads[*item];
  if (looking_[*item]) return Call{*item, Where::lake, Head{upload.key}, batch_.attempt(*item)};
  return Call{*item, Where::lake, Complete{upload.key, upload.id, upload.parts},
              batch_.attempt(*item)};
}

void CompleteAll::take(uint32_t id, Result<Answer> answer) {
  if (no_answer(answer)) return batch_.repeat(id);
  const bool bad_part = is(answer, ErrorKind::conflict);
  if (!looking_[id] && (bad_part || is(answer, ErrorKind::not_found))) {
    if (!bad_part || unit_->rules.bad_part_is_gone) {
      looking_[id] = true;
      return batch_.follow(id);
    }
    batch_.finish(id);
    return stop(Outcome::stuck);
  }

  batch_.finish(id);
  if (!answer.ok() && !is(answer, ErrorKind::not_found)) {
    error_ = std::move(answer).error();
    return batch_.stop();
  }
  if (!looking_[id]) {
    etags_[id] = std::get<Done>(*answer).etag;
  } else if (answer.ok() && std::get<Meta>(*answer).mark == intent_->uploads[id].mark) {
    etags_[id] = std::get<Meta>(*answer).etag;
  } else {
    stop(Outcome::broken);
  }
}

void CompleteAll::stop(Outcome outcome) {
  if (outcome_ == Outcome::all) outcome_ = outcome;
  batch_.stop();
}

// ---- the record, settled ------------------------------------------------------------------------

PutText keep_manifest(const Unit& unit, const Record& record) {
  if (!record.manifest || record.manifest->end == 0) return {Key(), {}};
  return {unit.manifest_key(record.manifest->end), print_manifest(*record.manifest)};
}

void close_claim(Record& record) {
  record.run.reset();
  record.host.clear();
  record.process.clear();
  record.since.clear();
  record.share_bytes = 0;
  record.renewals = 0;
  record.checkpoint.reset();
}

Record committed(Record record, const Shared<Intent>& intent, const std::vector<ETag>& etags,
                 After after) {
  if (after == After::release) close_claim(record);
  record.manifest = manifest_of(*intent, etags);
  record.position = intent->end;
  record.leftovers.clear();
  record.checkpoint.reset();
  record.intent.reset();
  return record;
}

Settled::Settled(UnitPtr unit, Record record) : unit_(std::move(unit)), record_(std::move(record)) {
  if (!record_.intent) return;
  step_.go(CompleteAll(unit_, record_.intent));
  go_on();
}

void Settled::take(uint32_t id, Result<Answer> answer) {
  step_.take(id, std::move(answer));
  go_on();
}

void Settled::go_on() {
  while (!done() && step_.done()) {
    if (step_.error()) {
      error_ = step_.error();
      step_.go(Rest());
    } else if (step_.at<CompleteAll>()) {
      after_complete();
    } else if (step_.at<PutText>()) {
      const Shared<Intent> intent = record_.intent;
      record_ = committed(std::move(record_), intent, etags_, After::release);
      step_.go(Rest());
    } else {
      drop();
    }
  }
}

void Settled::after_complete() {
  const CompleteAll::Outcome outcome = step_.as<CompleteAll>().outcome();
  if (outcome == CompleteAll::Outcome::all) {
    etags_ = step_.as<CompleteAll>().etags();
    step_.go(keep_manifest(*unit_, record_));
  } else if (outcome == CompleteAll::Outcome::stuck) {
    stuck_ = true;
    step_.go(Rest());
  } else if (unit_->rules.drop_by_record) {
    drop();
  } else {
    std::vector<Retired> ours;
    for (const Upload& upload : record_.intent->uploads) {
      ours.push_back({upload.key, {}, upload.mark});
    }
    step_.go(DeleteAll(unit_, Where::lake, std::move(ours), DeleteAll::How::if_marked));
  }
}

void Settled::drop() {
  if (unit_->rules.keep_leftovers) {
    for (const Upload& upload : record_.intent->uploads) record_.leftovers.push_back(upload.key);
    std::ranges::sort(record_.leftovers);
    const auto [first, last] = std::ranges::unique(record_.leftovers);
    record_.leftovers.erase(first, last);
  }
  record_.intent.reset();
  close_claim(record_);
  dropped_ = true;
  step_.go(Rest());
}

}  // namespace sluice::ledger
