// One unit at work: claim, walk, commit, acknowledge; for a stream, span after span. A task of the
// run's loop; it owns its state alone.
//
// The ledger says what comes next (ledger/unit_run.h), the walk fills (flow/walk.h). A unit that
// fails leaves nothing behind but the reason, in its record; one that is stopped likewise.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "flow/loop.h"
#include "flow/walk.h"
#include "job/checkpoints.h"
#include "job/inputs_log.h"
#include "job/ledger_driver.h"
#include "job/report.h"
#include "job/run.h"
#include "job/unit_log.h"
#include "ledger/twins.h"
#include "ledger/unit_run.h"

namespace sluice {

// Gives out series of tickets, and remembers whose they are.
class SeriesOwner {
 public:
  virtual ~SeriesOwner() = default;
  virtual TicketSeries new_series() = 0;
};

// Can a run go on where an earlier one of the unit had got to? A source that knows how, records
// that need not be told from earlier ones, and an encoder that can begin in the middle.
bool may_resume(const JobParts& parts);

class UnitTask : public Task {
 public:
  struct Surroundings {
    const Job& job;
    const JobParts& parts;
    Resources& resources;
    const RunOptions& options;
    std::string run_id;
    SeriesOwner& series;
    bool redo = false;
    bool alone = false;  // The only unit of its run: finding nothing is an error at once
  };
  // `lease`: unit_bytes_min(job) of the budget.
  UnitTask(UnitNames unit, Surroundings around, Lease lease);
  ~UnitTask() override;

  void start_what_fits() override;
  void on(Event& event) override;
  bool done() const override { return phase_ == Phase::ended; }

  // Until the run may write: the unit reads and lists, and waits with its claim. Refused, it fails.
  void hold_writes() { driver_.hold_writes(); }
  void let_writes_go() { driver_.let_writes_go(); }
  void refuse_writes(const Error& error) { driver_.refuse_writes(run_, error); }

  void stop(std::string why);  // As soon as it can, leaving nothing half done
  const UnitReport& report() const { return report_; }
  WalkSums walk_sums() const;  // So far
  uint64_t records() const;

 private:
  enum class Phase : uint8_t { ledger, filling, draining, sweeping, ended };

  Status open_source();
  Status begin_pass();
  Status end_pass();
  void look_ahead();
  bool close_source();
  void open_walk();
  void walk_on();
  void ledger_on();
  void fill_record();
  void give_up(Error why);
  void sweep_on();
  void keep_checkpoint();
  bool has_checkpoint() const;
  void close_walk();
  void finish();
  Status check_not_empty() const;
  ledger::Intent intent(bool& may_have_twins);
  void write_intent();

  std::optional<Since> since_;  // Of an incremental source's pass
  ledger::Reached reached_;     // Likewise, once all is placed
  UnitNames unit_;
  UnitNames span_unit_;  // Streams: the unit that the present fill is; else unit_
  const Surroundings around_;
  // Goes on until it is told to end; a pass of an incremental source ends by itself.
  const bool endless_;
  const ledger::UnitPtr ledger_unit_;
  ledger::UnitRun run_;
  LedgerDriver driver_;
  TicketSeries timer_;
  Lease lease_;
  UnitReport report_;
  Phase phase_ = Phase::ledger;
  Instant started_;
  std::optional<Instant> intent_at_;

  // Of the present fill.
  std::unique_ptr<Budget> sink_share_;
  std::unique_ptr<Purse> purse_;
  std::unique_ptr<Source> source_;
  std::unique_ptr<Sink> sink_;
  std::unique_ptr<InputsLog> inputs_;
  std::unique_ptr<Checkpoints> checkpoints_;
  std::unique_ptr<UnitLog> log_;
  std::unique_ptr<Walk> walk_;
  TicketSeries source_series_, sink_series_;
  uint64_t span_ = 0;  // Counts fills, so that an old timer is known
  std::optional<Error> failure_;
  bool stopping_ = false;
  bool leaving_ = false;                     // Stopped or failed, with a checkpoint in the record
  std::optional<ledger::SweepTwins> twins_;  // While sweeping
  std::optional<ledger::Intent> meant_;      // What is written after that
  bool gone_ = false;                        // An upload was not there any more
};

}  // namespace sluice
