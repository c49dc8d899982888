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

bool SweepTwins::is_nobody_elses(const Held& held) const {
  if (!held.record) return false;
  if (!epoch_) return !held.record->run;
  return held.record->run == unit_->run && held.record->epoch == *epoch_;
}

void SweepTwins::take(uint32_t id, Result<Answer> answer) {
  step_.take(id, std::move(answer));
  while (!done() && step_.done()) {
    if (step_.error()) {
      error_ = step_.error();
      step_.go(Rest());
    } else if (step_.at<ListOpen>()) {
      listed_ = step_.as<ListOpen>().uploads();
      std::erase_if(listed_, [&](const OpenUpload& upload) {
        return std::ranges::find(kept_, upload.id) != kept_.end();
      });
      listed_.empty() ? step_.go(Rest()) : step_.go(ReadRecord(unit_));
    } else if (step_.at<ReadRecord>()) {
      const Held held = step_.as<ReadRecord>().held();
      is_nobody_elses(held) ? step_.go(AbortAll(unit_, unnamed(std::move(listed_), *held.record)))
                            : step_.go(Rest());
    } else {
      step_.go(Rest());
    }
  }
}

}  // namespace sluice::ledger
