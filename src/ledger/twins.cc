#include "ledger/twins.h"

#include <algorithm>

namespace sluice::ledger {

SweepTwins::SweepTwins(UnitPtr unit, uint64_t epoch, std::vector<UploadId> kept)
    : unit_(std::move(unit)), epoch_(epoch), kept_(std::move(kept)) {
  step_.go(ListOpen(unit_));
}

SweepTwins::SweepTwins(UnitPtr unit) : unit_(std::move(unit)) {
  step_.go(ListOpen(unit_));
}

SweepTwins::SweepTwins(UnitPtr unit, std::vector<OpenUpload> listed) : unit_(std::move(unit)) {
  read_record(std::move(listed));
}

bool SweepTwins::is_nobody_elses(const Held& held) const {
  if (!held.record) return false;
  if (!epoch_) return !held.record->run;
  return held.record->run == unit_->run && held.record->epoch == *epoch_;
}

void SweepTwins::take(uint32_t id, Result<Answer> answer) {
  step_.take(id, std::move(answer));
  go_on();
}

void SweepTwins::go_on() {
  while (!done() && step_.done()) {
    if (step_.error()) {
      error_ = step_.error();
      step_.go(Rest());
    } else if (step_.at<ListOpen>()) {
      read_record(step_.as<ListOpen>().uploads());
    } else if (step_.at<ReadRecord>()) {
      abort(step_.as<ReadRecord>().held());
    } else {
      step_.go(Rest());
    }
  }
}

void SweepTwins::read_record(std::vector<OpenUpload> listed) {
  listed_ = std::move(listed);
  std::erase_if(listed_, [&](const OpenUpload& upload) {
    return std::ranges::find(kept_, upload.id) != kept_.end();
  });
  listed_.empty() ? step_.go(Rest()) : step_.go(ReadRecord(unit_));
}

void SweepTwins::abort(const Held& held) {
  if (!is_nobody_elses(held)) return step_.go(Rest());
  listed_ = unnamed(std::move(listed_), *held.record);
  aborted_ = listed_.size();
  step_.go(AbortAll(unit_, std::move(listed_)));
  listed_.clear();
}

}  // namespace sluice::ledger
