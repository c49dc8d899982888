// The only way work is done: run(job, units, resources) -> report. The command line calls it, and
// so will whatever else has a unit to do.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/budget.h"
#include "base/clock.h"
#include "flow/makers.h"
#include "flow/refine.h"
#include "job/job_file.h"
#include "job/report.h"
#include "ledger/unit.h"
#include "store/store.h"

namespace sluice {

// What the job's file asked for, made. References point to what outlives the run.
struct JobParts {
  std::unique_ptr<SourceMaker> source;
  std::unique_ptr<DecoderMaker> decoder;
  Recipe recipe;
  std::unique_ptr<Encoder> encoder;
  std::unique_ptr<SinkMaker> sink;
  Store* lake = nullptr;
  Store* state = nullptr;
  std::string lake_prefix;   // Of every key in `lake`: "" or ending in "/"
  std::string state_prefix;  // Of every key in `state`, likewise
};

// What runs share in this process.
struct Resources {
  Budget& budget;
  Workers& workers;
  InFlight& in_flight;
  Inbox& inbox;
  const Clock& clock;
  Chance& chance;
  Meter& meter;
  std::string host;
  // This process, and is it certain that another of this machine has ended? By these a killed run's
  // claim is told from one that must be waited for.
  std::string process = {};
  std::function<bool(std::string_view process)> has_ended = {};
};

// Posted to the run's inbox, with ticket stop_ticket, it ends the run: what is committed stays,
// what is not is cleared away, exit 4.
struct Stop : Event {
  explicit Stop(std::string why) : Event(stop_ticket), why(std::move(why)) {}
  static constexpr Ticket stop_ticket = 0;
  std::string why;
};

// A moment of a run, for a progress line.
struct Progress {
  uint64_t units_done = 0, units = 0;
  Tally tally;
  uint32_t in_flight = 0;
  uint64_t memory_used = 0, memory = 0;
  Nanoseconds elapsed = 0;
};

// Streams: when a span is committed, whichever comes first.
struct SpanLimits {
  uint64_t documents = UINT64_MAX;
  Nanoseconds age = 60_s;
};

// Units that another run has claimed; see docs/decisions/0010.
enum class Others : uint8_t {
  wait,       // Until the unit is done by either, or the claim is stale
  leave,      // Its unit ends as claimed.
  take_over,  // At once, if it is the first claim that is met; else wait.
};
inline constexpr Nanoseconds lease_min = 1_s;

struct RunOptions {
  bool redo = false;
  uint64_t limit = UINT64_MAX;  // Documents of each unit, which stays unfinished
  SpanLimits span = {};
  std::optional<uint64_t> until = {};  // Streams: end at this position
  Others others = Others::wait;
  Nanoseconds lease = 60_s;  // A claim that hasn't changed for so long is nobody's.
  std::function<void(const std::string&)> on_notice = {};  // What a person should know now
  std::function<void(const Progress&)> on_progress = {};
  Nanoseconds progress_every = 200_ms;
};

// `invalid` where nothing was begun: the lake is another job's, the memory is too small for one
// unit. What goes wrong with a unit is in its report.
Result<RunReport> run(const Job& job, const JobParts& parts, std::vector<UnitNames> units,
                      Resources& resources, const RunOptions& options);

// `invalid` where the job's units or names don't go with a source that is a stream.
Status check_stream(const Job& job, const SourceMaker& source);

// The unit as its ledger knows it.
ledger::UnitPtr ledger_unit(const Job& job, const JobParts& parts, const UnitNames& unit,
                            const std::string& run_id, const Resources& resources);

// The same for who only looks.
ledger::UnitPtr ledger_unit(const Job& job, const JobParts& parts, const UnitNames& unit,
                            const std::string& run_id, const std::string& host, const Clock& clock);

}  // namespace sluice
