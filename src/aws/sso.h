// Credentials of an IAM Identity Center session that `aws sso login` has begun: its cached token is
// exchanged for a role's credentials, and renewed while that is allowed.
// https://docs.aws.amazon.com/sdkref/latest/guide/feature-sso-credentials.html
#pragma once

#include "aws/credentials.h"
#include "aws/surroundings.h"
#include "base/result.h"

namespace sluice::aws {

// Does the profile name an account and a role of such a session?
bool has_sso(const Profiles& profiles, std::string_view profile);
// `denied`: nobody has logged in, or the session has ended: "run aws sso login --profile x".
Result<Credentials> sso_credentials(const Profiles& profiles, std::string_view profile,
                                    const AwsSurroundings& surroundings);

}  // namespace sluice::aws
