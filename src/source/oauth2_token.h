// An access token of OAuth 2.0 (RFC 6749), fetched through the engine when it is first needed and
// again before it ends. No thread waits: whoever needs a token leaves word, and all who wait share
// one fetch. Where the token goes in a request is api_auth.h's.
//
// A token that says when it ends is fetched anew a minute before, or in the last tenth of its life
// if that is shorter; the one at hand is used meanwhile.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "base/secrets.h"
#include "http/http.h"
#include "http/retry.h"

namespace sluice {

struct TokenPatience {
  Nanoseconds answer_within = 30_s;  // Each attempt: to the first byte, and between two
  // All attempts at a token together, but for what the server asks to wait.
  Nanoseconds give_up_after = 600_s;
};

struct Oauth2Options {
  std::string token_url;
  std::string grant = "client_credentials";  // Or another grant_type that needs no browser
  std::string client_id = {}, client_secret = {};
  // RFC 6749 2.3.1 has both; servers differ in which they take.
  enum class AuthIn : uint8_t { body, header } auth_in = AuthIn::body;
  std::string scope = {}, audience = {};  // Left out where empty
  std::string refresh_token = {};
  // Where the refresh token is kept, for its owner alone. What is in it counts before the one
  // above; a new one that the server hands out is written there before the access token is used.
  std::string refresh_token_file = {};
  std::vector<std::pair<std::string, std::string>> parameters = {};  // More of the form
  RetryRules retry = {.attempts_max = 5};
  TokenPatience patience = {};
  // Told at once of a long wait that the server asks for; no secret is in it. On any thread.
  std::function<void(const std::string&)> say = {};
};

// Safe from any thread.
class Oauth2Token {
 public:
  using Then = std::function<void(Result<std::string> token)>;
  // What is secret here, and whatever the server hands out, `secrets` is told. `invalid`: a
  // refresh token's file that can't be read or written, or holds no token.
  static Result<std::unique_ptr<Oauth2Token>> make(Oauth2Options options, Engine& engine,
                                                   const Clock& clock, Secrets secrets);
  // Who still waits is answered `cancelled`.
  ~Oauth2Token();
  Oauth2Token(const Oauth2Token&) = delete;
  Oauth2Token& operator=(const Oauth2Token&) = delete;

  // Exactly once, at once on this thread or later on an engine's, where it must not block. Errors
  // have the server's `error` and `error_description`, and no secret: `denied`, `invalid`,
  // `transient` after a few attempts, or `throttled`. For 10 s after a failure all get the same
  // one.
  void get(Then then);
  // A server refused `token`: true if the next get() may bring a better one. It can't if the token
  // was itself fetched in place of a refused one less than a minute ago.
  bool refused(std::string_view token);

 private:
  struct Shared;
  explicit Oauth2Token(std::shared_ptr<Shared> shared);
  // Shared with the exchange under way, which an engine may end after this.
  std::shared_ptr<Shared> shared_;
};

}  // namespace sluice
