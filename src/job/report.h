// What a run amounted to, as numbers: for the command line, for programs and for tests. How it is
// shown is the report room's.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "flow/walk.h"
#include "ledger/record.h"
#include "meter/meter.h"
#include "record/batch.h"
#include "record/tally.h"

namespace sluice {

enum class UnitOutcome : uint8_t {
  done,           // Committed now
  done_already,   // Finished before, with this job's fingerprint
  done_by_other,  // Another run has committed the same
  stale,          // Finished before by a job that did other things; --redo does it again
  lost,           // Another run has claimed the unit
  claimed,        // Likewise, and it was not to be waited for: run again later
  failed,
  stopped,  // By a signal or the deadline; the next run does it
};
std::string_view to_string(UnitOutcome outcome);

// What a unit's records look like, for drift.
struct UnitProfile {
  std::string name;      // "2024-02-08", "its last commit"
  uint64_t records = 0;  // Written
  ledger::Shape shape;
  bool operator==(const UnitProfile&) const = default;
};

struct UnitReport {
  std::string unit;
  UnitOutcome outcome = UnitOutcome::stopped;
  uint64_t epoch = 0;
  Tally tally;
  uint64_t documents_before = 0;    // Of an earlier run that this one went on with
  std::vector<SetAside> set_aside;  // The first set_aside_listed_max; `tally` counts all
  std::vector<std::string> warnings;
  bool found_nothing = false;  // No document, and that was not to be committed: it has failed
  std::string reached;         // Of an incremental source: the greatest value of its field by now
  std::optional<UnitProfile> profile, profile_before;  // Of what is committed now, and last time
  std::optional<Error> error;
  Nanoseconds wall = 0;
  Nanoseconds mixed =
      0;  // Between the intent and the manifest: a reader that lists may see a mixture
};

struct RunReport {
  std::string job;
  std::string run_id;
  WallTime started = {};
  std::vector<UnitReport> units;
  std::vector<std::string> errors;    // Of the run itself
  std::vector<std::string> warnings;  // Likewise
  Nanoseconds wall = 0, cpu = 0;
  std::vector<std::string> remarks;  // Of the stores: what was repeated, refused, asked twice
  uint64_t memory_bytes = 0, memory_peak_bytes = 0;  // Of the budget
  uint64_t resident_peak_bytes = 0;                  // Of the process; 0: not known
  std::vector<Gauge::Snapshot> calls, stages;

  // 0, 1, 3 or 4; see the design. `ok_set_aside`: what was set aside is no reason for 3.
  int exit_code(bool ok_set_aside) const;
};

}  // namespace sluice
