// Which units a run has to do, by their records: read before anything is claimed, hundreds at a
// time. Of young units the inputs are compared with what was read. Blocking.
#pragma once

#include <optional>
#include <vector>

#include "base/result.h"
#include "job/job_file.h"
#include "job/run.h"

namespace sluice {

struct Admission {
  enum class Kind : uint8_t {
    claim,         // The ledger decides, with the claim
    redo,          // Finished, but not with the inputs that there are now
    done_already,  // Nothing is left to do
    stale,         // Finished by an earlier form of the job
    unreadable,    // error: the unit fails, and nothing is done by its record
  };
  Kind kind = Kind::claim;
  std::optional<Error> error = {};
};

// One for each unit. Units that a run of this size begins at once with its claims are not looked at
// before, unless their inputs may have changed.
std::vector<Admission> admissions(const Job& job, const JobParts& parts,
                                  const std::vector<UnitNames>& units, const RunOptions& options,
                                  const Resources& resources);

}  // namespace sluice
