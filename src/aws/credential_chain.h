// Where credentials are found, in the order that botocore and the SDKs have in common:
// https://docs.aws.amazon.com/sdkref/latest/guide/standardized-credentials.html
//
//   1. the environment (not if the options name a profile)
//   2. the profile's role, with another profile or a machine's role as its source, or web identity
//   3. web identity from the environment
//   4. the profile's SSO session, keys, or process
//   5. the container's endpoint
//   6. the machine's role (IMDS)
// With AwsOptions::role_arn, that role is assumed with what was found.
#pragma once

#include "aws/credentials.h"
#include "aws/surroundings.h"
#include "base/result.h"

namespace sluice::aws {

// Blocks on files, processes and HTTP. `denied`: there are none, or they are refused or have ended,
// and what to do; `invalid`: the files contradict themselves; `transient`: whoever hands them out
// doesn't answer.
Result<Credentials> find_credentials(const AwsOptions& options,
                                     const AwsSurroundings& surroundings);

}  // namespace sluice::aws
