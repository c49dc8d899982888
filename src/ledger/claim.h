// Steps 1 and 2 of a unit's life: a run claims the unit, and sweeps what others left open.
//
// Claim reads the record; if a claim, an intent or leftovers are open it lists the unit's open
// uploads *before* its own write, so that no upload of a later claim can be among them; settles an
// intent that it finds; writes epoch + 1 and itself in one conditional write; then aborts what it
// listed and the record doesn't name. The last claim wins.
#pragma once

#include <optional>
#include <vector>

#include "ledger/change.h"
#include "ledger/complete.h"
#include "ledger/machine.h"
#include "ledger/record.h"
#include "ledger/unit.h"

namespace sluice::ledger {

struct ClaimOptions {
  bool redo = true;     // Claim a unit that is finished or stale, too.
  bool resume = false;  // Keep the checkpoint that an earlier run of this very job left.
  bool operator==(const ClaimOptions&) const = default;
};

class Claim {
 public:
  enum class Outcome : uint8_t {
    claimed,        // held() is ours to fill.
    nothing_to_do,  // Finished, with this job's fingerprint. Step 7 may be left: see Finish.
    stale,          // Finished, with another fingerprint.
    stuck,          // Only without the rule bad_part_is_gone
  };

  Claim(UnitPtr unit, ClaimOptions options);
  std::optional<Call> next() { return step_.next(); }
  void take(uint32_t id, Result<Answer> answer);
  bool done() const { return step_.at<Rest>(); }
  const std::optional<Error>& error() const { return error_; }

  // The record was read, and the unit is being claimed: unless somebody is quicker, it will be
  // filled.
  bool is_writing() const { return step_.at<Change>() && claiming_; }

  // Once done, and without an error:
  Outcome outcome() const { return outcome_; }
  const Held& held() const { return held_; }  // The record as it is now in the store
  bool operator==(const Claim&) const = default;

 private:
  void go_on();
  void after_read();
  bool resumes(const Record& record) const;
  void settle_first();
  void after_settled();
  void write(Record next);
  void after_change();
  void sweep();
  void end(Outcome outcome);

  UnitPtr unit_;
  ClaimOptions options_;
  Step<Rest, ReadRecord, ListOpen, Settled, Change, AbortAll> step_;
  Held held_;  // As read; at the end, as written
  std::vector<OpenUpload> listed_;
  bool claiming_ = false;  // The write under way claims; else it only settles.
  Outcome outcome_ = Outcome::claimed;
  std::optional<Error> error_;
};

}  // namespace sluice::ledger
