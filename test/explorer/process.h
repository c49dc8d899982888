// The processes of the search: the very machines that the program links, and around them what `job`
// and the sink would do.
#pragma once

#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "explorer/simulation.h"
#include "ledger/settle.h"
#include "ledger/unit_run.h"

namespace sluice::explorer {

using Outputs = std::vector<std::pair<std::string, std::string>>;  // Of (key, content)

// What a process is told to do. Shared by all copies of it.
struct Task {
  enum class Kind : uint8_t { run, settle, consume, ingest, sweep };
  Kind kind = Kind::run;
  std::string name;
  Outputs outputs;            // run
  std::string catalogue;      // run
  bool redo = true;           // run
  uint64_t messages = 0;      // consume: messages 0..n-1 are to be there
  bool one_pass = false;      // consume: one span, and the claim is given up with its commit
  bool may_fail = false;      // ingest: the API may refuse the last page
  bool copies = false;        // ingest: what is resumed is copied into an upload of its own
  bool fills_on = false;      // ingest: the next part is put while a checkpoint is written
  bool may_leave = false;     // ingest: it may be stopped before the last page
  bool keeps_cursor = false;  // ingest: of its first fill, for all that follow
  bool resumes = true;        // ingest: where an earlier attempt's checkpoint says
  // In front of another's claim: whether that is stale is for the search to choose, since no clock
  // can be relied on. So often at most it takes one over, that there is an end of it.
  bool waits = false;
  uint32_t take_overs = 1;
  uint32_t renewals = 0;      // Of each claim at most; when is for the search to choose.
  bool sweeps_twins = false;  // Before its intent, and after it has failed
  bool walks_off = false;     // consume: caught up, it ends with its claim open
  ledger::UnitPtr unit;
};

struct OpenCall {
  uint32_t id = 0;
  Request request;
};

// A value: copied at each step, compared to merge equal local states.
class Process {
 public:
  explicit Process(const Task& task);

  // The requests that were begun by the start or by the last answer.
  std::vector<OpenCall> begin_calls();
  void take(uint32_t id, const Answer& answer);
  // How it ended; nothing as long as it goes on.
  std::optional<std::string> result() const;
  const std::optional<Error>& error() const;
  bool operator==(const Process&) const = default;

 private:
  enum class Filling : uint8_t {
    no,
    wait,  // In front of another's claim: the search says what becomes of it.
    renew,
    acknowledge,
    choose,
    create,
    open,
    copy,
    refuse,
    part,
  };
  using Machine = std::variant<ledger::UnitRun, ledger::Settle, ledger::SweepTwins>;

  static Machine machine_for(const Task& task);
  ledger::UnitRun& run() { return std::get<ledger::UnitRun>(machine_); }
  const ledger::UnitRun& run() const { return std::get<ledger::UnitRun>(machine_); }
  bool is_run() const { return std::holds_alternative<ledger::UnitRun>(machine_); }
  void go_on();
  void take_waiting(uint64_t choice);
  bool may_choose_to_renew() const;
  void begin_fill();
  void next_step();
  void give_up_fill();
  void filled();
  void sweep_on();
  void write_intent();
  std::vector<OpenCall> fill_calls();
  std::string upload_name(uint64_t number) const;
  void take_filling(const Answer& answer);
  void take_created(const Answer& answer);
  Outputs outputs() const;

  // ingest.cc: an API unit, one object, a part for each page, a checkpoint after each part.
  void ingest_on();
  void begin_ingest();
  void next_page();
  void end_ingest();
  Request ingest_request() const;
  void take_choice(uint64_t choice);
  void take_ingested(const Answer& answer);

  const Task* task_;  // Outlives the search.
  Machine machine_;
  std::optional<ledger::SweepTwins> twins_;  // Beside the run, which rests meanwhile
  Filling filling_ = Filling::no;
  bool open_ = false;   // A request of the fill is open.
  bool begun_ = false;  // This claim's fill is under way.
  bool asked_ = false;  // Whether to renew before this step of it
  uint32_t take_overs_ = 0;
  uint64_t end_ = 0;   // consume: where the span being filled ends; afterwards, what to acknowledge
  uint32_t lost_ = 0;  // Creations without an answer
  std::vector<Upload> uploads_;
  enum class End : uint8_t { none, gone, failed, left, swept, walked_off };
  uint64_t page_ = 0;                          // ingest: the next
  std::optional<uint64_t> first_cursor_ = {};  // keeps_cursor: where this process began first
  bool to_write_ = false;   // ingest: a part, or a copy, that no checkpoint names yet
  End end_of_ = End::none;  // Why this claim's fill, or the process, is over
};

std::vector<sluice::OpenUpload> open_ones(const std::vector<Upload>& uploads);

}  // namespace sluice::explorer
