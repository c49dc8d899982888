// After a commit: what nobody knows of. An upload whose creation was asked for twice, because the
// first answer was lost, may have a twin that no record will ever name.
//
// The unit's open uploads are listed, then its record is read. If nobody has claimed the unit by
// then, whatever was listed is of our epoch or an older one, and what the record doesn't name is
// aborted. If somebody has, it is theirs to sweep: a claim over a claim lists first.
#pragma once

#include <optional>
#include <vector>

#include "ledger/change.h"
#include "ledger/machine.h"
#include "ledger/unit.h"

namespace sluice::ledger {

class SweepTwins {
 public:
  explicit SweepTwins(UnitPtr unit);
  std::optional<Call> next() { return step_.next(); }
  void take(uint32_t id, Result<Answer> answer);
  bool done() const { return step_.at<Rest>(); }
  // The unit is committed all the same; what was left open costs, and harms nothing.
  const std::optional<Error>& error() const { return error_; }
  bool operator==(const SweepTwins&) const = default;

 private:
  UnitPtr unit_;
  Step<Rest, ListOpen, ReadRecord, AbortAll> step_;
  std::vector<OpenUpload> listed_;
  std::optional<Error> error_;
};

}  // namespace sluice::ledger
