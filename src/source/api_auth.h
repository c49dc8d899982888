// How a request to an HTTP API proves who sends it: the group `auth:` of the http source, read once
// and then asked for every request.
//
//   auth: { bearer: "${TOKEN}" }
//   auth: { bearer: ["${TOKEN_1}", "${TOKEN_2}"] }               # in rotation
//   auth: { basic: { user: me, password: "${PASSWORD}" } }
//   auth: { api_key: { header: X-Api-Key, value: "${KEY}" } }    # or { query: key, value: ... }
//   auth: { oauth2: { token_url: "https://...", client_id: me, client_secret: "${SECRET}" } }
//   auth: { sigv4: { service: execute-api, region: eu-west-1 } }
//   auth: { mtls: { certificate: me.pem, key: me.key, ca: theirs.pem } }  # alone, or with another
//
// Which identity goes next, how often a request is tried, and redirects are the source's. Nothing
// here, and no error, shows a secret.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "aws/credential_source.h"
#include "aws/surroundings.h"
#include "base/clock.h"
#include "base/result.h"
#include "base/secrets.h"
#include "flow/part.h"
#include "flow/settings.h"
#include "http/http.h"
#include "http/stream.h"
#include "source/oauth2_token.h"

namespace sluice {

// Where a request carries what must stay with the host that it is meant for. Names of headers in
// any case, names of query words as they are before encoding.
struct SecretPlaces {
  std::vector<std::string> headers, query;
};

// One for a job's source, shared by its units; safe from any thread. The engine, the clock and the
// credential sources outlive it.
class ApiAuth {
 public:
  using Then = std::function<void(Result<HttpRequest>)>;
  virtual ~ApiAuth() = default;

  // Hands the request on with what proves who we are in it, in place of what an earlier attempt put
  // there: exactly once, at once on this thread or, when a token has to be fetched first, on
  // another, where `then` must not block. Nothing of the request may be changed after it. Errors:
  // no token was to be had (denied, invalid, transient), or `cancelled` when this ends.
  virtual void authorize(HttpRequest request, size_t identity, Then then) = 0;
  // A 401, or a 403 where the API means that: true if the next authorize() may bring something
  // better. `sent`, the request as it was handed on, tells a refusal of what has been replaced
  // meanwhile; without it the newest is meant. Whoever repeats requests counts their attempts.
  virtual bool refused(size_t identity, const HttpRequest* sent = nullptr) = 0;
  // Tokens in rotation, each with its own budget; from 1.
  virtual size_t identities() const { return 1; }
  virtual SecretPlaces secret_places() const = 0;
};

// The group `auth`, for the words of the http source. None of it belongs in a job's fingerprint.
FieldDoc auth_words();

// For sigv4: whose credentials, loaded and kept fresh by whoever answers. May block.
using FindCredentials = std::function<Result<aws::CredentialSource*>(const aws::AwsOptions&)>;

// `auth`: of the group; null where a job has none, which sends requests as they are. Makes no
// request but those of `credentials`. What is secret in it, and what is fetched later, it tells
// `secrets`; what whoever watches should know at once, `say`. `patience`: with whoever
// hands out tokens. `invalid`: words that contradict each other, values that no header can hold.
Result<std::unique_ptr<ApiAuth>> make_api_auth(
    const Settings* auth, Engine& engine, const Clock& clock, const FindCredentials& credentials,
    const Secrets& secrets, const std::function<void(const std::string&)>& say = {},
    const TokenPatience& patience = {});

// What this side shows of itself in TLS (`mtls`), for an engine of its own. Nothing where the job
// doesn't say so. `invalid`, pointing at the word: a file that isn't there or isn't what it should
// be.
Result<std::optional<TlsOptions>> auth_tls(const Settings* auth);

// For a redirect to another host: the request without its secrets, nor Authorization and Cookie.
void drop_secrets(HttpRequest& request, const SecretPlaces& places);
// The URL without the pairs ("name=value", encoded) of its query for which `goes`.
std::string without_query_words(std::string_view url,
                                const std::function<bool(std::string_view pair)>& goes);
// A URL for messages: user and password, and the values of secret words in its query, as "***".
std::string shown_url(std::string_view url, const SecretPlaces& places);

}  // namespace sluice
