// Who may come in, and how often: credentials of every kind, the OAuth2 tokens given out, the rate
// limit. One thread.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "http_server/http_message.h"
#include "http_server/signature.h"
#include "http_server/url.h"

namespace sluice::fake_api {

struct AuthOptions {
  std::vector<std::string> bearers, basics;  // A basic one: "USER:PASSWORD"
  // Name and value.
  std::vector<std::pair<std::string, std::string>> header_keys, query_keys;
  std::string oauth_id, oauth_secret, refresh_token;
  int64_t token_seconds = 3600;
  std::vector<http_server::Credential> signers;
  std::string region = "us-east-1", service = "execute-api";
};

class Auth {
 public:
  explicit Auth(AuthOptions options);
  // Any of the ways that were asked for will do; if none was, all may come in.
  bool admits(const http_server::HttpRequest& request, const http_server::Query& query,
              int64_t now_seconds);
  // Whether it brings a secret along, right or wrong.
  bool has_secret(const http_server::HttpRequest& request, const http_server::Query& query) const;
  // /oauth/token: the status, and the JSON.
  std::pair<int, std::string> give_token(const http_server::HttpRequest& request,
                                         int64_t now_seconds);
  void expire_tokens() { tokens_.clear(); }
  // The one that a limit counts for.
  std::string who(const http_server::HttpRequest& request, const http_server::Query& query) const;

 private:
  bool is_open() const;
  std::string new_token(std::string_view kind);

  const AuthOptions options_;
  http_server::SignatureCheck signature_;
  std::map<std::string, int64_t, std::less<>> tokens_;  // Until when
  std::string refresh_token_;                           // The one that works, once
  uint64_t token_number_ = 0;
};

// So many requests in each window of time, for each who asks.
class RateLimit {
 public:
  void set(uint64_t requests, int64_t window_seconds);
  bool is_set() const { return requests_ > 0; }
  struct Verdict {
    bool admits = true;
    uint64_t limit = 0, remaining = 0;
    Nanoseconds until_reset = 0;
  };
  Verdict ask(const std::string& who, Instant at);

 private:
  struct Window {
    Instant begin;
    uint64_t used = 0;
  };
  uint64_t requests_ = 0;
  Nanoseconds window_ = 0;
  std::map<std::string, Window> windows_;
};

}  // namespace sluice::fake_api
