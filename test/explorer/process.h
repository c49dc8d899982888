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
  enum class Kind : uint8_t { run, settle, consume, ingest };
  Kind kind = Kind::run;
  std::string name;
  Outputs outputs;        // run
  std::string catalogue;  // run
  bool redo = true;       // run
  uint64_t messages = 0;  // consume: messages 0..n-1 are to be there
  bool one_pass = false;  // consume: one span, and the claim is given up with its commit
  bool may_fail = false;  // ingest: the API may refuse the last page
  bool copies = false;    // ingest: what is resumed is copied into an upload of its own
  bool fills_on = false;  // ingest: the next part is put while a checkpoint is written
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
  enum class Filling : uint8_t { no, acknowledge, choose, create, open, copy, refuse, part };

  ledger::UnitRun& run() { return std::get<ledger::UnitRun>(machine_); }
  const ledger::UnitRun& run() const { return std::get<ledger::UnitRun>(machine_); }
  void go_on();
  void begin_fill();
  void filled();
  std::vector<OpenCall> fill_calls();
  std::string upload_name(uint64_t number) const;
  void take_filling(const Answer& answer);
  Outputs outputs() const;

  // ingest.cc: an API unit, one object, a part for each page, a checkpoint after each part.
  void ingest_on();
  void begin_ingest();
  void next_page();
  void end_ingest();
  Request ingest_request() const;
  void take_ingested(const Answer& answer);

  const Task* task_;  // Outlives the search.
  std::variant<ledger::UnitRun, ledger::Settle> machine_;
  Filling filling_ = Filling::no;
  bool open_ = false;  // A request of the fill is open.
  uint64_t end_ = 0;   // consume: where the span being filled ends; afterwards, what to acknowledge
  uint32_t lost_ = 0;  // Creations without an answer
  std::vector<ledger::Upload> uploads_;
  enum class End : uint8_t { none, gone, failed };
  uint64_t page_ = 0;       // ingest: the next
  bool begun_ = false;      // ingest: this claim's fill is under way.
  bool to_write_ = false;   // ingest: a part, or a copy, that no checkpoint names yet
  End end_of_ = End::none;  // ingest: why this claim's fill is over
};

}  // namespace sluice::explorer
