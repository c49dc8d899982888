// A run from the command line: what `run` and `fold` have in common, once there is a job.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "app/common_words.h"
#include "app/stop_on_signal.h"
#include "base/clock.h"
#include "base/result.h"
#include "job/job_file.h"
#include "job/run.h"

namespace sluice {

struct RunWords {
  UnitsAsked units = {};
  std::optional<uint64_t> memory_bytes = {};  // Else the job's
  uint64_t limit = UINT64_MAX;
  bool redo = false, set_aside = false, ok_set_aside = false, allow_empty = false;
  uint32_t in_flight = 256;
  uint32_t workers = 0;  // 0: as many as cores
  Nanoseconds grace = grace_default;
  bool no_wait = false, take_over = false;
  Nanoseconds lease = 60_s;
  std::optional<Nanoseconds> deadline = {};
  std::string trace = {};  // Empty: none
  bool json = false;

  Others others() const;
  // To be made before anything that may wait: reading the job is a part of it.
  StopOnSignal::Limits limits() const { return {.deadline = deadline, .grace = grace}; }
};
void add_run(Words& words, RunWords& asked);

// Prints the report and answers the exit code. Remarks and progress go to stderr meanwhile.
Result<int> run_job(Job job, const RunWords& asked, StopOnSignal& stop);

}  // namespace sluice
