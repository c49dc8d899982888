// Do a job's source and its lake lie in each other? Then what it has written would be read as data,
// its own records too. By what their paths mean, however they are spelled.
#pragma once

#include "base/environment.h"
#include "base/result.h"
#include "job/job_file.h"

namespace sluice {

// `invalid`, pointing at the source's path.
Status check_overlap(const Job& job, const Environment& environment);

}  // namespace sluice
