// The least that AWS must allow for a job: `plan --iam`. From the job file alone; nothing is asked.
// It covers S3, and the secrets that the job file refers to.
#pragma once

#include <string>

#include "base/environment.h"
#include "base/result.h"
#include "job/job_file.h"

namespace sluice {

// One policy as IAM takes it where one identity does it all; where sides have their own, a JSON
// object with a policy for each, by the role's ARN, "profile NAME", or "the environment's
// identity". What assumes roles is allowed that. `invalid`: a job that has nothing there.
Result<std::string> iam_policies(const Job& job, const Environment& environment);

}  // namespace sluice
