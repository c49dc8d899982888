#include "ledger/twins.h"

namespace sluice::ledger {

SweepTwins::SweepTwins(UnitPtr unit) : unit_(std::move(unit)) {
  step_.go(ListOpen(unit_));
}

void SweepTwins::take(uint32_t id, Result<Answer> answer) {
  step_.take(id, std::move(answer));
  while (!done() && step_.done()) {
    if (step_.error()) {
      error_ = step_.error();
      step_.go(Rest());
    } else if (step_.at<ListOpen>()) {
      listed_ = step_.as<ListOpen>().uploads();
      listed_.empty() ? step_.go(Rest()) : step_.go(ReadRecord(unit_));
    } else if (step_.at<ReadRecord>()) {
      const Held held = step_.as<ReadRecord>().held();
      const bool is_claimed = held.record && held.record->run;
      is_claimed || !held.record
          ? step_.go(Rest())
          : step_.go(AbortAll(unit_, unnamed(std::move(listed_), *held.record)));
    } else {
      step_.go(Rest());
    }
  }
}

}  // namespace sluice::ledger
