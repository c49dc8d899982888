// One process that runs the job, settles it or verifies it: what app's verbs do, over stores that
// are handed to it.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "app/verify_findings.h"
#include "job/run.h"
#include "simulator/simulation.h"
#include "simulator/world.h"

namespace sluice::simulator {

enum class Verb : uint8_t { run, settle, verify };

struct RunWish {
  std::string name;  // Of the process
  Verb verb = Verb::run;
  RunOptions options = {};
  std::optional<Nanoseconds> stop_after = {};
  bool knows_the_dead = true;  // Sees that other processes have ended
  uint64_t memory_bytes = 0;
  uint32_t in_flight = 1;
  unsigned threads = 1;
};

struct RunEnd {
  std::optional<Result<RunReport>> report;  // Of a run
  std::optional<Error> settle_error = {};
  std::optional<Findings> findings = {};  // Of a verify
  std::vector<std::string> complaints;    // Of what it held at its end
};

// What the process does. All references outlive it.
void run_job(const World& world, Store& source, Store& lake, const RunWish& wish,
             const std::function<bool(std::string_view)>& has_ended, RunEnd& end);

}  // namespace sluice::simulator
