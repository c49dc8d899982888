// The two calls of AWS's Security Token Service that make credentials out of others.
// https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRole.html
#pragma once

#include <string>
#include <string_view>

#include "aws/credentials.h"
#include "aws/endpoint.h"
#include "aws/surroundings.h"
#include "base/result.h"

namespace sluice::aws {

struct RoleRequest {
  std::string role_arn;
  std::string session_name = {};  // Empty: "sluice-" and the time
  std::string external_id = {};
  std::string duration_seconds = {};  // 900 to what the role allows; empty: STS's default, an hour
};

// Block. `denied` if STS refuses, with the role and STS's reason.
Result<Credentials> assume_role(const RoleRequest& request, const Credentials& with,
                                const EndpointSettings& sts, const AwsSurroundings& surroundings);
Result<Credentials> assume_role_with_web_identity(const RoleRequest& request,
                                                  std::string_view token,
                                                  const EndpointSettings& sts,
                                                  const AwsSurroundings& surroundings);

}  // namespace sluice::aws
