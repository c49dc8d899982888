// AWS's two shared files, ~/.aws/config and ~/.aws/credentials, as one set of profiles:
// https://docs.aws.amazon.com/sdkref/latest/guide/file-format.html
//
// Pure; reading the files is the caller's (surroundings.h). What a property means is
// credential_source.h's and endpoint.h's.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"

namespace sluice::aws {

// Names in lower case; values as they are. One with sub-properties ("s3 =" and indented lines) is
// "\nname = value\nname = value".
using Properties = std::map<std::string, std::string, std::less<>>;

struct Profiles {
  using Sections = std::map<std::string, Properties, std::less<>>;
  Sections profiles;      // [default], [profile x]; in the credentials file [x], which wins
  Sections sso_sessions;  // [sso-session x]
  Sections services;      // [services x]

  // A property of a profile; nothing if it is missing or empty.
  std::optional<std::string> get(std::string_view profile, std::string_view property) const;
  bool has(std::string_view profile) const { return profiles.find(profile) != profiles.end(); }
};

// A sub-property of a value: "addressing_style" of "s3 =\n addressing_style = path".
std::optional<std::string> sub_property(std::string_view value, std::string_view name);

// Either text may be empty. `invalid`, with the file and its line, for what the format forbids;
// sections and properties with names that can't be are passed over, as all SDKs do.
Result<Profiles> parse_profiles(std::string_view config, std::string_view credentials);

}  // namespace sluice::aws
