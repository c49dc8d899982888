// One unit's run, whole: claim, then the caller fills, then commit; and again from the claim if the
// intent could not be completed. The same for a span of a stream after another, whose owner stays.
//
//   UnitRun run(unit, {.redo = false});
//   for (;;) {
//     drive run.next() / run.take() until done(), wants_fill() or waits();
//     if (run.done()) break;
//     if (run.waits()) another's claim is open: look_again(), take_over() or leave_alone();
//     else fill: uploads with run.mark(), for run.record(); then one of
//       run.fill(intent);        // uploads, inputs, catalogue, set_aside, sums, end: the caller's
//       run.fail(failed, mine);  // The unit failed; `mine`: what is open of ours
//       run.upload_gone(mine);   // An upload was not there any more
//       run.leave(mine, why);    // No more now: a stream's owner, or a unit that was stopped
//   }
//
// While it fills, the caller calls renew() now and then (never, if the fill is short), so that
// others can tell that it is alive. It is driven beside the fill, as a checkpoint is, and a
// checkpoint or a span's commit says as much. claim_lost() afterwards: somebody else has claimed
// the unit. Nothing of ours is aborted yet: stop writing, wait for what is under way, then
// upload_gone(mine). (fill() and fail() would find it out, too.) Told to wait for others' claims, a
// run that has lost its own waits for the winner likewise.
//
// A bounded unit that can go on where an earlier attempt ended is claimed with `resume`. Then
//   * record().checkpoint, if there is one, tells where to begin. Its uploads are ours now, with
//     the marks that they have; parts that it doesn't name are written again, by their numbers.
//     (Where an upload is one file, Features::in_place_parts, each is first copied into a new
//     upload with run.mark(), and a checkpoint that names those is written before anything else.
//     Directories keep parts in files of their own and S3 does likewise: neither needs it.)
//   * while it fills, the caller calls checkpoint() now and then if may_checkpoint(), drives the
//     run beside the fill, and fills on. A checkpoint names only what was acknowledged, up to the
//     first gap, and every upload that is still wanted: one that the checkpoint before named and
//     this one doesn't is aborted once the record says so.
//   * done() with an error while filling: stop writing, then fail() if may_fail().
//   * fill(), fail(), upload_gone() and leave() wait for a checkpoint or a renewal: not while
//     checkpointing().
//   * stopped by a signal or a deadline it leaves: its claim is closed, its checkpoint and what
//     that names stays, and the next run goes on there.
// An intent that can't be completed, and an upload that is gone, begin anew: wants_fill() comes
// back with a record without a checkpoint.
#pragma once

#include <optional>
#include <vector>

#include "ledger/claim.h"
#include "ledger/commit.h"
#include "ledger/machine.h"
#include "ledger/twins.h"

namespace sluice::ledger {

struct UnitRunOptions {
  bool redo = true;
  bool resume = false;
  bool stream = false;  // Nothing of earlier commits is retired
  bool ends = false;    // A stream whose owner gives up its claim with each commit
  // Another's open claim is left alone until the caller says otherwise, and done by either is done
  // (but a stream is never done). Else claims are taken, and who loses its own is lost.
  bool waits = false;
  bool operator==(const UnitRunOptions&) const = default;
};

// Where a fill begins, and what it writes as: all that it may know of the fills before it, whether
// of this run or of another. It is the claim's, and old with the next one.
struct Beginning {
  uint64_t epoch = 0;
  Mark mark;
  uint64_t position = 0;                  // Streams
  std::optional<Checkpoint> behind = {};  // Else from the unit's beginning
};

class UnitRun {
 public:
  enum class Outcome : uint8_t {
    won,            // Committed, by us or by somebody who completed our intent.
    lost,           // Somebody else has claimed the unit.
    nothing_to_do,  // Finished already, with this job's fingerprint
    stale,          // Finished, with another fingerprint; only without redo
    left,           // As the caller said; noted in the record unless somebody else has claimed.
    left_alone,     // As the caller said: another's claim is open.
    failed,         // As the caller said; noted in the record unless somebody else has claimed.
  };

  UnitRun(UnitPtr unit, UnitRunOptions options);
  std::optional<Call> next() { return step_.next(); }
  void take(uint32_t id, Result<Answer> answer);
  bool done() const { return ended_; }
  const std::optional<Error>& error() const { return error_; }

  // Nothing is known of the unit yet.
  bool is_first_look() const { return step_.at<Claim>() && step_.as<Claim>().is_first_look(); }
  // The claim is being written: unless somebody is quicker, wants_fill() follows.
  bool is_claiming() const { return step_.at<Claim>() && step_.as<Claim>().is_writing(); }
  // Another's claim is open, and it is the caller's turn to say what becomes of it: see claim.h.
  bool waits() const { return step_.at<Claim>() && step_.as<Claim>().waits(); }
  bool is_done_beneath() const { return waits() && step_.as<Claim>().is_done_beneath(); }
  const Held& others() const { return step_.as<Claim>().held(); }  // While it waits: the record
  void look_again();
  void take_over();
  void leave_alone();
  // The claim is ours, as far as we know, and it is the caller's turn. A stream comes back here
  // after each span, a bounded unit after each checkpoint.
  bool wants_fill() const;
  // As it was claimed, or as our last span or checkpoint left it.
  const Record& record() const { return held_.record.value(); }
  uint64_t epoch() const { return record().epoch; }
  Mark mark() const { return unit_->mark(epoch()); }
  // To be asked anew for each fill: an upload that is gone takes its checkpoint with it.
  Beginning beginning() const;

  void fill(Intent intent);
  void fail(Failed failed, std::vector<OpenUpload> mine);
  void upload_gone(std::vector<OpenUpload> mine);
  // Without an answer to its write it leaves all the same, with its claim open.
  void leave(std::vector<OpenUpload> mine = {}, std::optional<Failed> why = {});

  // Tells others that the claim's owner is alive: one conditional write.
  void renew();
  bool may_renew() const { return wants_fill() && !claim_lost_; }
  // Replaces the checkpoint in the record: one conditional write. Its fingerprint is filled in
  // here.
  void checkpoint(Checkpoint where);
  bool may_checkpoint() const { return may_renew() && !options_.stream; }
  // The record is being written; filling goes on meanwhile.
  bool checkpointing() const { return checkpointing_ && !ended_; }
  bool claim_lost() const { return claim_lost_; }  // That write found it out.

  // The manifest with our fill is in the record; the source may forget. Holds while step 7 goes on.
  bool committed() const { return committed_; }
  // Our intent is in the record: from now till committed() a reader that lists may see a mixture.
  bool intent_written() const { return step_.at<Commit>() && step_.as<Commit>().intent_written(); }
  // The unit is claimed by us and our intent is not in the record: fail() may be called, also after
  // done() with an error (denied, say), so that the record tells why.
  bool may_fail() const { return may_fail_ && !checkpointing(); }

  // Once done, and without an error:
  Outcome outcome() const { return outcome_; }
  const Held& held() const { return held_; }
  // lost, but the record is committed with this job's fingerprint: as good as won.
  bool unit_is_finished() const;
  // nothing_to_do, since somebody else whose claim was open has committed the unit.
  bool done_meanwhile() const;
  bool operator==(const UnitRun&) const = default;

 private:
  void go_on();
  void claim();
  void after_claim();
  void write_checkpoint(Checkpoint where);
  bool is_early() const;
  void after_change();
  void checkpointed();
  void write(Record next);
  void after_sweep();
  void lose();
  void retire();
  void commit();
  void after_commit();
  void add_checkpointed();
  void after_gone();
  void end(Outcome outcome);

  UnitPtr unit_;
  UnitRunOptions options_;
  Step<Rest, Claim, Change, Retire, Commit, Finish, GiveUp, ReadRecord, AbortAll, SweepTwins> step_;
  Held held_;
  Intent intent_;                 // Between fill() and the commit
  std::vector<OpenUpload> mine_;  // To abort: between upload_gone() and its end, or once a
                                  // checkpoint that doesn't name them is written
  bool checkpointing_ = false;
  bool committing_ = false;  // That checkpoint is the commit's first step.
  bool claim_lost_ = false;
  bool saw_another_ = false;                 // Its claim was open when ours was made.
  std::optional<uint64_t> first_seen_ = {};  // See ClaimOptions.
  std::optional<uint64_t> another_ = {};     // The epoch of the first claim of another that we saw
  bool may_fail_ = false;
  bool committed_ = false;
  bool ended_ = false;
  Outcome outcome_ = Outcome::won;
  std::optional<Error> error_;
};

}  // namespace sluice::ledger
