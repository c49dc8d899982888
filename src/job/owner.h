// Questions a run asks before it begins: whose lake is it, and which finished units must be done
// again because their inputs have changed. Blocking: they are few.
#pragma once

#include "base/result.h"
#include "job/job_file.h"
#include "job/run.h"

namespace sluice {

// A lake belongs to one job name unless the job says `shared: true`. `conflict` if it is another's.
// Writes `_sluice/owner.json` where there is none.
Status take_ownership(const Job& job, const JobParts& parts);

// Whether a finished unit that may still change (`late`) has other inputs now than its manifest
// says.
Result<bool> inputs_changed(const Job& job, const JobParts& parts, const UnitNames& unit,
                            const Resources& resources);

// The inputs of a manifest, wherever they are listed, piece by piece, in order.
Status each_input(const ledger::Inputs& inputs, const ledger::Unit& unit, Store& state,
                  const std::function<Status(const ledger::Input&)>& each);

}  // namespace sluice
