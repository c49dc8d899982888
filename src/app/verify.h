// What the source has, what the manifests say and what lies in the lake, held against each other.
#pragma once

#include "app/opened_job.h"
#include "app/verify_findings.h"
#include "base/result.h"
#include "job/units.h"

namespace sluice {

// Of the units that are asked for, and of all that lies in the lake. Writes nothing. Blocking, on
// several threads. What is not as it must be is a finding; an error is what keeps it from looking.
Result<Findings> verify(OpenedJob& opened, const UnitsAsked& asked, Depth depth);

}  // namespace sluice
