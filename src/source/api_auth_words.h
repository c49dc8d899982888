// What the words of `auth:` say, checked: for api_auth.cc alone.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "aws/surroundings.h"
#include "base/result.h"
#include "flow/settings.h"
#include "source/api_auth.h"
#include "source/oauth2_token.h"

namespace sluice {

// The one of bearer, basic, api_key, oauth2 and sigv4 that is there; empty: mtls alone.
Result<std::string_view> auth_kind(const Settings& auth);

// Nothing that ends a header's line.
bool is_header_value(std::string_view value);

// Each for an `auth` that has the word. `invalid`, pointing at it.
Result<std::vector<std::string>> bearer_tokens(const Settings& auth);

struct BasicWords {
  std::string user, password;
};
Result<BasicWords> basic_of(const Settings& auth);

struct ApiKeyWords {
  std::string header, query;  // One of the two
  std::vector<std::string> values;
};
Result<ApiKeyWords> api_key_of(const Settings& auth);

struct Oauth2Words {
  Oauth2Options options;
  std::string scheme;
};
Result<Oauth2Words> oauth2_of(const Settings& auth);

struct Sigv4Words {
  std::string service, region;
  aws::AwsOptions aws;
};
Result<Sigv4Words> sigv4_of(const Settings& auth);

}  // namespace sluice
