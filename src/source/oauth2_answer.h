// What a token server's answer says: a token, or why there is none, and whether asking again may
// help. RFC 6749, 5; and what servers do besides. Pure, but that secrets are told what is secret.
#pragma once

#include <optional>
#include <string>

#include "base/clock.h"
#include "base/result.h"
#include "base/secrets.h"
#include "http/http.h"
#include "source/oauth2_token.h"

namespace sluice {

struct Granted {
  std::string access_token, refresh_token;
  std::optional<Nanoseconds> life;
};

struct TokenRefusal {
  Error error;
  bool may_pass = false;
  std::optional<Nanoseconds> retry_after = {};
};

// The error is the refusal's.
Result<Granted> read_token_answer(const Result<HttpResponse>& response,
                                  const Oauth2Options& options, WallTime at, Secrets secrets,
                                  TokenRefusal& refusal);
// Whether a refusal names its error as the RFC has it: then it is the token server's own.
bool names_an_error(const HttpResponse& response);

}  // namespace sluice
