// Credentials that a machine has for whoever runs on it: a container's endpoint (ECS, EKS) and an
// EC2 instance's metadata service, version 2.
#pragma once

#include <optional>
#include <string>

#include "aws/credentials.h"
#include "aws/surroundings.h"
#include "base/result.h"

namespace sluice::aws {

// Is AWS_CONTAINER_CREDENTIALS_RELATIVE_URI or _FULL_URI set?
bool has_container(const Environment& environment);
// Plain http is only for the addresses of ECS, EKS and this machine. The token file is read anew
// each time. https://docs.aws.amazon.com/sdkref/latest/guide/feature-container-credentials.html
Result<Credentials> container_credentials(const AwsSurroundings& surroundings);

// False with AWS_EC2_METADATA_DISABLED.
bool may_ask_instance(const Environment& environment);
// "http://169.254.169.254", or as AWS_EC2_METADATA_SERVICE_ENDPOINT(_MODE) or the profile say.
Result<std::string> instance_endpoint(const Environment& environment, const Profiles& profiles,
                                      std::string_view profile);
// `not_found`: no service there, or no role. When the service falls behind and answers credentials
// that are about to end, they count for 15 minutes and a bit more: AWS honours them for longer.
// https://docs.aws.amazon.com/sdkref/latest/guide/feature-static-credentials.html
Result<Credentials> instance_credentials(const AwsSurroundings& surroundings,
                                         const Profiles& profiles, std::string_view profile);

}  // namespace sluice::aws
