// What nobody knows of: an upload whose creation was asked for twice, because the first answer was
// lost, may have a twin that no record will ever name; and whoever has lost its claim may have
// opened uploads after the winner's list, and died.
//
// The unit's open uploads are listed, then its record is read. If the claim is still ours then (or
// nobody's), whatever was listed is of our epoch or an older one, since nobody had claimed after
// us: what is neither kept nor named by the record is aborted. Else it is somebody else's to sweep:
// a claim over a claim lists first.
#pragma once

#include <optional>
#include <vector>

#include "ledger/change.h"
#include "ledger/machine.h"
#include "ledger/unit.h"

namespace sluice::ledger {

class SweepTwins {
 public:
  // Before the intent, while the claim of `epoch` is ours: all but `kept`, which the intent names.
  SweepTwins(UnitPtr unit, uint64_t epoch, std::vector<UploadId> kept);
  // When the claim has been given back, after a failure or with a manifest.
  explicit SweepTwins(UnitPtr unit);
  // Likewise, of uploads that are listed already, whosever list it is: no record of this unit has
  // been read for this sweep.
  SweepTwins(UnitPtr unit, std::vector<OpenUpload> listed);
  std::optional<Call> next() { return step_.next(); }
  void take(uint32_t id, Result<Answer> answer);
  bool done() const { return step_.at<Rest>(); }
  // The unit goes on all the same: what was left open costs, and harms nothing.
  const std::optional<Error>& error() const { return error_; }
  uint64_t aborted() const { return aborted_; }
  bool operator==(const SweepTwins&) const = default;

 private:
  void go_on();
  void read_record(std::vector<OpenUpload> listed);
  void abort(const Held& held);
  bool is_nobody_elses(const Held& held) const;

  UnitPtr unit_;
  std::optional<uint64_t> epoch_;
  std::vector<UploadId> kept_;
  Step<Rest, ListOpen, ReadRecord, AbortAll> step_;
  std::vector<OpenUpload> listed_;
  uint64_t aborted_ = 0;
  std::optional<Error> error_;
};

}  // namespace sluice::ledger
