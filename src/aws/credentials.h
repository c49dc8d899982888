// What requests are signed with. Where credentials come from is credential_source.h's.
#pragma once

#include <optional>
#include <string>

#include "base/clock.h"

namespace sluice::aws {

struct Credentials {
  std::string access_key_id;
  std::string secret_access_key;   // Never printed
  std::string session_token = {};  // Empty: long-term credentials
  std::optional<WallTime> expires = {};

  bool operator==(const Credentials&) const = default;
};

}  // namespace sluice::aws
