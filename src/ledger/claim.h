// Steps 1 and 2 of a unit's life: a run claims the unit, and sweeps what others left open.
//
// Claim reads the record; if a claim, an intent or leftovers are open it lists the unit's open
// uploads *before* its own write, so that no upload of a later claim can be among them; settles an
// intent that it finds; writes epoch + 1 and itself in one conditional write; then aborts what it
// listed and the record doesn't name. The last claim wins.
//
// An open claim is also a lease, which its owner renews (unit_run.h). Told to wait, Claim stops in
// front of another's: waits(). What becomes of it is the caller's to say, who has a clock and the
// ledger has none. Nothing that is safe depends on what it says: whenever a claim is taken over,
// whoever lost it finds that out by the record.
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
  bool waits = false;   // In front of another's open claim. Else that is taken over.
  // Done by either is done, also with `redo`: what another has committed by a claim that it made
  // after our first look at the record, where that had this epoch (0: there was none).
  bool by_either = false;
  std::optional<uint64_t> first_seen = {};  // None: the first look is still to come.
  bool operator==(const ClaimOptions&) const = default;
};

class Claim {
 public:
  enum class Outcome : uint8_t {
    claimed,        // held() is ours to fill.
    nothing_to_do,  // Finished, with this job's fingerprint. Step 7 may be left: see Finish.
    stale,          // Finished, with another fingerprint.
    left_alone,     // As the caller said; another's claim is open.
    stuck,          // Only without the rule bad_part_is_gone
  };

  Claim(UnitPtr unit, ClaimOptions options);
  std::optional<Call> next() { return step_.next(); }
  void take(uint32_t id, Result<Answer> answer);
  bool done() const { return step_.at<Rest>() && !waits_; }
  const std::optional<Error>& error() const { return error_; }

  // The record was read, and the unit is being claimed: unless somebody is quicker, it will be
  // filled.
  bool is_writing() const { return step_.at<Change>() && claiming_; }
  // The record is being read for the first time.
  bool is_first_look() const { return step_.at<ReadRecord>() && !options_.first_seen; }

  // Another's claim is open, as held() shows it: one of
  //   look_again(), which ends here again, unless the claim is closed;
  //   take_over(), by which only that very claim, not renewed since, is taken;
  //   leave_alone(), the end.
  bool waits() const { return waits_; }
  void look_again();
  void take_over();
  void leave_alone();
  // Beneath that claim the unit is done: an end that needs no wait. (A dead claim over it is better
  // taken over, and so cleared away.)
  bool is_done_beneath() const { return waits_ && is_done(*held_.record); }

  // Once the record was read:
  uint64_t first_seen() const { return options_.first_seen.value_or(0); }
  // The epoch of the first claim of another that was open at any of our looks.
  std::optional<uint64_t> another() const { return another_; }
  // Once done, and without an error:
  Outcome outcome() const { return outcome_; }
  const Held& held() const { return held_; }  // The record as it is now in the store
  bool operator==(const Claim&) const = default;

 private:
  void go_on();
  void after_read();
  void wait();
  void go_ahead();
  bool is_done(const Record& record) const;
  Outcome outcome_of(const Record& record) const;
  void close_over(Record done);
  bool resumes(const Record& record) const;
  void settle_first();
  void after_settled();
  void write(Record next);
  void after_change();
  void sweep();
  void end(Outcome outcome);

  UnitPtr unit_;
  ClaimOptions options_;
  Step<Rest, ReadRecord, LookAgain, ListOpen, Settled, Change, AbortAll> step_;
  Held held_;  // As read; at the end, as written
  bool waits_ = false;
  ETag taken_over_;  // Of the record whose claim the caller has given up for dead
  std::optional<uint64_t> another_;
  std::vector<OpenUpload> listed_;
  bool claiming_ = false;  // The write under way claims; else it only settles.
  Outcome outcome_ = Outcome::claimed;
  std::optional<Error> error_;
};

}  // namespace sluice::ledger
