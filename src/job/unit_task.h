// One unit at work: claim, fill, commit, acknowledge; for a stream, span after span. A task of the
// run's loop; it owns its state alone.
//
// The ledger says what comes next (ledger/unit_run.h); a fill is a value of its own (job/fill.h).
// Here is what follows from how each ends:
//
//   ledger ──> filling ──> (sweeping) ──> ledger ──> (sweeping) ──> ended
//
//   ledger    the claim is ours               filling
//             another's claim is open         it waits: job/others_claim.h
//             an intent can't be completed    the ledger claims anew: filling, from the beginning
//             it is over                      ended; after a failure by way of sweeping
//   filling   filled                          ledger: the intent; where an upload may have a twin,
//                                             by way of sweeping
//             upload_gone, cursor_unknown     ledger: claims anew, without a checkpoint
//             claim_lost                      ledger: whose is it now; a renewal may find it out
//             failed, stopped                 ledger: the reason is noted, or the unit is left as
//                                             it stands, with its checkpoint
//   sweeping  swept                           the intent, or ended
//
// A unit that fails leaves nothing behind but the reason, in its record; one that is stopped
// likewise, unless the record has a checkpoint.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "flow/loop.h"
#include "job/fill.h"
#include "job/ledger_driver.h"
#include "job/others_claim.h"
#include "job/report.h"
#include "job/run.h"
#include "job/unit_phase.h"
#include "ledger/twins.h"
#include "ledger/unit_run.h"

namespace sluice {

// What a unit without a document means: a mistake, or nothing (another one of its run has found
// some).
enum class Empty : uint8_t { refuse, commit };

class UnitTask : public Task {
 public:
  struct Surroundings {
    const Job& job;
    const JobParts& parts;
    Resources& resources;
    const RunOptions& options;
    std::string run_id;
    SeriesOwner& series;
    Annex& hashes_annex;  // The run's
    bool redo = false;
    Empty empty = Empty::refuse;
  };
  // `lease`: unit_bytes_min(job) of the budget.
  UnitTask(UnitNames unit, Surroundings around, Lease lease);
  ~UnitTask() override;

  void start_what_fits() override;
  void on(Event& event) override;
  bool done() const override { return phase_ == UnitPhase::ended; }
  bool is_filling() const { return phase_ == UnitPhase::filling; }

  // Until the run may write: the unit reads and lists, and waits with its claim. Refused, it fails.
  void hold_writes() { driver_.hold_writes(); }
  void let_writes_go() { driver_.let_writes_go(); }
  void refuse_writes(const Error& error) {
    driver_.refuse_writes(run_, error);
    others_.stop(run_);
  }

  void stop(std::string why);  // As soon as it can, leaving nothing half done
  const UnitReport& report() const { return report_; }
  Tally tally() const;  // So far

 private:
  // The ledger's turns.
  void ledger_on();
  void wait_on();
  bool stops_here() const;
  void look_ahead();
  bool close_source();
  void drop_fill();
  void sweep_on();
  void write_intent();
  void finish();
  bool has_settled_ours() const;
  void tell_outcome();

  // The fill's.
  void open_fill();
  Result<FillPlan> plan_fill() const;
  void fill_on();
  void keep_checkpoint();
  void take_filled();
  void take_unfilled(FillEnd end);
  void fail(Error why, std::vector<OpenUpload> mine);
  Status check_may_commit(const Filled& filled);
  void report_committed();

  const UnitNames unit_;
  const Surroundings around_;
  const SourceTraits& traits_;  // Of the job's source
  const ledger::UnitPtr ledger_unit_;
  ledger::UnitRun run_;
  LedgerDriver driver_;
  OthersClaim others_;
  Renewal renewal_;
  FillTickets fill_tickets_;
  const Fill::Surroundings fill_around_;
  Lease lease_;
  UnitReport report_;
  UnitPhase phase_;
  Instant started_;
  std::optional<Instant> intent_at_;

  std::unique_ptr<Source> ahead_;  // Lists while the unit is being claimed; a fill takes it over
  std::unique_ptr<Fill> fill_;     // While filling
  std::optional<Filled> filled_;   // Until it is committed, or isn't
  std::optional<ledger::SweepTwins> twins_;  // While sweeping
  std::optional<Error> failure_;
  std::optional<Error> in_vain_;  // Why the last fill came to nothing, and the unit is filled again
  uint32_t fills_ = 0;            // Since the last commit
  bool stopping_ = false;
};

}  // namespace sluice
