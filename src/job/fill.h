// One fill of a unit: one pass from the source to the sink on the way to one commit. Its shares of
// the budget, its source, walk and sink, the list of its inputs and its checkpoints are made
// together and destroyed together, so nothing of one fill is left to the next. It ends with a
// cause, and what follows from that is the unit's business (unit_task.h).
//
//                 all is placed and stored, the list of inputs is written
//   open ──> filling ─────────────────────────────────────────────────────────> filled
//               │  ^ │
//               │  └─┘ seal(): reads no further; what was read is placed and stored
//               │
//               │ an error, or end(): a lost claim, a stop
//               └────────> draining ── nothing is under way any more ──> failed, upload_gone,
//                          (nothing is started)                          claim_lost,
//                                                                        cursor_unknown, stopped
//
// Which of the causes it is follows from where an error came from, never from its kind. The loop's
// thread only.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "flow/walk.h"
#include "job/checkpoints.h"
#include "job/inputs_log.h"
#include "job/run.h"
#include "job/shares.h"
#include "job/unit_log.h"
#include "ledger/unit_run.h"

namespace sluice {

enum class FillEnd : uint8_t {
  filled,
  failed,
  upload_gone,     // An upload that it writes to was not there any more.
  claim_lost,      // Another run has claimed the unit.
  cursor_unknown,  // Where an earlier run had got to can't be found again.
  stopped,
};

// Can a run go on where an earlier one of the unit had got to? A source that knows how, records
// that need not be told from earlier ones, and an encoder that can begin in the middle.
bool may_resume(const JobParts& parts);

// Gives out series of tickets, and remembers whose they are.
class SeriesOwner {
 public:
  virtual ~SeriesOwner() = default;
  virtual TicketSeries new_series() = 0;
  // Another in its place. What still comes for the old one is nobody's.
  virtual TicketSeries renewed(const TicketSeries& old) = 0;
};

// Whose tickets are whose, in one fill. It ends when nothing is under way any more but timers, its
// own and those of errands that rest; the unit's next fill has other tickets, so that none of these
// is taken for one of its own.
struct FillTickets {
  explicit FillTickets(SeriesOwner& series);
  void renew(SeriesOwner& series);
  bool own(Ticket ticket) const;
  TicketSeries source, walk, sink, inputs, timer;
};

// What is to be filled.
struct FillPlan {
  UnitNames unit;  // As its source knows it
  std::shared_ptr<const ledger::Unit> ledger_unit;
  ledger::Beginning begin;
  std::optional<Since> since = {};
};

// What a fill amounts to.
struct Filled {
  ledger::Intent intent;
  bool may_have_twins = false;  // Of its uploads
  Tally tally;
  WalkShape shape;
  std::string reached = {};       // Of an incremental source: its field's greatest value
  uint64_t documents_before = 0;  // Of an earlier run that this one went on with
  bool is_resumed = false;
  std::vector<SetAside> set_aside;
};

class Fill {
 public:
  // Outlives the fill.
  struct Surroundings {
    const Job& job;
    const JobParts& parts;
    Resources& resources;
    const RunOptions& options;
    FillTickets& tickets;
    Annex& hashes_annex;
  };
  // `ahead`: a source of this unit that lists already, taken over unless opening fails; or null.
  // `lease`: the unit's.
  static Result<std::unique_ptr<Fill>> open(const Surroundings& around, FillPlan plan,
                                            std::unique_ptr<Source>& ahead, Lease& lease);
  // A source of the unit from its beginning. `unit` outlives it.
  static Result<std::unique_ptr<Source>> open_ahead(const Surroundings& around,
                                                    const UnitNames& unit);

  void start_what_fits();
  void on(Event& event);  // One of its tickets

  void seal();  // Streams: reads no further; what has been read is committed
  void end(FillEnd cause, Error error);

  // Once nothing is under way any more. Destroy it only then.
  std::optional<FillEnd> ended() const;
  const std::optional<Error>& error() const { return error_; }

  // The latest point where a later run could go on, each once.
  std::optional<ledger::Checkpoint> take_checkpoint() { return checkpoints_.take(); }
  Tally tally() const { return walk_->tally() + sink_->tally(); }  // So far
  const std::vector<std::string>& warnings() const { return log_.warnings; }

  Filled take_filled();                          // Once it has ended as filled
  std::vector<OpenUpload> open_uploads() const;  // Of ours, but for those taken

 private:
  Fill(const Surroundings& around, FillPlan plan, Lease& lease);
  Status open_stages(std::unique_ptr<Source>& ahead);
  bool has_stored_all() const;
  Status end_pass();
  Status status() const;
  FillEnd cause() const;
  ledger::Intent intent(std::vector<Upload> uploads) const;

  const Surroundings around_;
  FillPlan plan_;
  UnitNames span_unit_;         // Streams: the unit that this fill is; else as in the plan
  const SourceTraits& traits_;  // Of the job's source
  Shares shares_;
  Checkpoints checkpoints_;
  InputsLog inputs_;
  UnitLog log_;
  std::unique_ptr<Source> source_;
  std::unique_ptr<Sink> sink_;
  std::unique_ptr<Walk> walk_;
  Ticket age_ = 0;           // The timer that seals the span
  ledger::Reached reached_;  // Of an incremental source's pass, once all is placed
  std::optional<FillEnd> end_;
  std::optional<Error> error_;
};

}  // namespace sluice
