// The literal list of parts, and how a job's parts are made of it.
#pragma once

#include "app/stores.h"
#include "base/result.h"
#include "flow/part.h"
#include "job/job_file.h"
#include "job/run.h"

namespace sluice {

// Every part this program knows. To add one, add a line.
const Catalog& all_parts();

// What the job's file asks for. `job` and `stores` outlive what is made.
Result<JobParts> make_parts(const Job& job, Stores& stores);

}  // namespace sluice
