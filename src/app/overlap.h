// Do a job's source and its lake lie in each other? Then what it has written would be read as data,
// its own records too. Do its lake and its state? Then an object could be written over a record, or
// a record over an object. By what their paths mean, however they are spelled.
#pragma once

#include "base/environment.h"
#include "base/result.h"
#include "job/job_file.h"

namespace sluice {

// `invalid`, pointing at the source's path or the state's.
Status check_overlap(const Job& job, const Environment& environment);

}  // namespace sluice
