#include "source/oauth2_token.h"

#include <algorithm>
#include <array>
#include <mutex>
#include <optional>

#include "aws/control_call.h"
#include "aws/sign.h"
#include "base/checksum.h"
#include "base/text.h"
#include "http/retry_after.h"
#include "source/secret_file.h"

namespace sluice {
namespace {

constexpr uint64_t answer_bytes_max = 1 << 20;
constexpr size_t told_bytes_max = 300;
constexpr Nanoseconds pause_after_failure = 10_s;
constexpr Nanoseconds renewed_before_most = 60_s;
// A token this close to its end would end on the way.
constexpr Nanoseconds unusable_before = 5_s;
// Two tokens in a row that are refused within this: it isn't the token.
constexpr Nanoseconds proven_after = 60_s;
// Of an `expires_in`, so that no clock overflows: 100 years.
constexpr int64_t life_seconds_max = int64_t{100} * 365 * 86'400;

struct Token {
  std::string text;
  std::optional<WallTime> ends, renewed_from;
  WallTime fetched = {};
  bool in_place_of_refused = false;
};

struct Granted {
  std::string access_token, refresh_token;
  std::optional<Nanoseconds> life;
};

struct Refusal {
  Error error;
  bool may_pass = false;
  std::optional<Nanoseconds> retry_after = {};
};

std::string without_query(std::string_view url) {
  return std::string(url.substr(0, url.find_first_of("?#")));
}

std::optional<Nanoseconds> life_of(std::string_view text) {
  text = text.substr(0, text.find('.'));  // Some say 3599.0.
  const auto seconds = parse_number<int64_t>(text);
  if (!seconds) return std::nullopt;
  return std::clamp<int64_t>(*seconds, 0, life_seconds_max) * 1_s;
}

// RFC 6749 5.2, and what servers add to it.
ErrorKind kind_of(std::string_view error, int status) {
  if (error == "temporarily_unavailable" || error == "server_error") return ErrorKind::transient;
  if (error == "slow_down" || status == 429) return ErrorKind::throttled;
  if (status >= 500) return ErrorKind::transient;
  constexpr std::array<std::string_view, 4> denials = {"invalid_client", "invalid_grant",
                                                       "unauthorized_client", "access_denied"};
  const bool is_denial = std::find(denials.begin(), denials.end(), error) != denials.end();
  return is_denial || status == 401 || status == 403 ? ErrorKind::denied : ErrorKind::invalid;
}

std::string advice(std::string_view error, int status, const Oauth2Options& options) {
  const bool in_body = options.auth_in == Oauth2Options::AuthIn::body;
  if (error == "invalid_client" || (error.empty() && status == 401)) {
    return "check client_id and client_secret, or try auth_in: " +
           std::string(in_body ? "header" : "body");
  }
  if (error == "invalid_grant" && options.grant == "refresh_token") {
    const std::string& file = options.refresh_token_file;
    return "the refresh token has ended or was used before: get a new one" +
           (file.empty() ? std::string() : ", and put it into " + file);
  }
  if (error == "invalid_scope") return "check scope";
  if (error == "unsupported_grant_type" || error == "unauthorized_client") return "check grant";
  if (status / 100 == 3 || status == 404 || status == 405) return "check token_url";
  return {};
}

// The answer's fields; nothing where it is no JSON object.
std::vector<std::string> fields_of(std::string_view body) {
  auto fields = aws::json_fields(body, {".access_token", ".expires_in", ".refresh_token", ".error",
                                        ".error_description", ".message"});
  return fields.ok() ? std::move(*fields) : std::vector<std::string>(6);
}

Refusal refusal_of(const HttpResponse& response, const std::vector<std::string>& fields,
                   const Oauth2Options& options, WallTime at) {
  const std::string& error = fields[3];
  std::string_view told = fields[4].empty() ? fields[5] : fields[4];
  while (told.ends_with('.')) told.remove_suffix(1);
  Refusal refusal;
  refusal.error.kind = kind_of(error, response.status);
  std::string& message = refusal.error.message;
  message = std::to_string(response.status);
  if (!error.empty()) message += " " + excerpt(error);
  if (!told.empty()) message += ": " + excerpt(told, told_bytes_max);
  if (error.empty() && told.empty() && response.status / 100 == 2)
    message += ": an answer without an access_token; check token_url";
  if (const auto what = advice(error, response.status, options); !what.empty())
    message += "; " + what;
  refusal.may_pass =
      refusal.error.kind == ErrorKind::transient || refusal.error.kind == ErrorKind::throttled;
  refusal.retry_after = retry_after(response.headers, at);
  return refusal;
}

}  // namespace

struct Oauth2Token::Shared : std::enable_shared_from_this<Oauth2Token::Shared> {
  Shared(Oauth2Options given, Engine& engine, const Clock& clock)
      : options(std::move(given)),
        engine(engine),
        clock(clock),
        what("token from " + without_query(options.token_url)) {}

  const Oauth2Options options;
  Engine& engine;  // Outlives all but the destruction of this
  const Clock& clock;
  const std::string what;

  mutable std::mutex mutex;
  // Guarded by mutex.
  std::optional<Token> token;
  std::string refresh_token;
  std::vector<std::string> past;  // Secrets that have been: they are hidden all the same.
  std::vector<Then> waiters;
  bool is_fetching = false, is_closed = false, was_refused = false;
  std::optional<Error> failure;  // Of the last fetch
  WallTime not_before = {};      // The next, after a failure
  Chance chance;

  void get(Then then);
  bool refused(std::string_view text);
  std::string hide(std::string_view text) const;
  void close();

  void attempt(uint32_t number, Instant when);
  void finished(uint32_t number, Result<HttpResponse> response);
  Result<Granted> read(const Result<HttpResponse>& response, Refusal& refusal) const;
  Status keep(const Granted& granted);
  void conclude(Result<Granted> granted);
  std::string form() const;  // With the lock; so do the next two
  bool is_usable(WallTime at) const;
  void remember(const std::string& secret);
};

namespace {

class TokenExchange : public Exchange {
 public:
  using Finished = std::function<void(Result<HttpResponse>)>;
  TokenExchange(HttpRequest request, std::string form, Finished finished)
      : form_(std::move(form)), request_(std::move(request)), finished_(std::move(finished)) {
    request_.body = form_;
  }
  const HttpRequest& request() const override { return request_; }
  void finished(Result<HttpResponse> response) override { finished_(std::move(response)); }

 private:
  const std::string form_;
  HttpRequest request_;
  Finished finished_;
};

}  // namespace

bool Oauth2Token::Shared::is_usable(WallTime at) const {
  return token && (!token->ends || at.ns < token->ends->ns - unusable_before);
}

void Oauth2Token::Shared::remember(const std::string& secret) {
  constexpr size_t past_max = 16;
  if (secret.empty()) return;
  if (past.size() == past_max) past.erase(past.begin());
  past.push_back(secret);
}

void Oauth2Token::Shared::get(Then then) {
  std::unique_lock lock(mutex);
  const WallTime at = clock.wall();
  const bool is_usable_now = is_usable(at);
  const bool is_paused = failure && at < not_before;
  const bool is_due = !is_usable_now || (token->renewed_from && *token->renewed_from <= at);
  const bool starts = is_due && !is_paused && !is_fetching && !is_closed;
  std::optional<Result<std::string>> answer;
  const bool waits = !is_usable_now && !is_closed && !is_paused;
  if (waits) {
    waiters.push_back(std::move(then));
  } else if (is_usable_now) {
    answer = token->text;
  } else if (is_closed) {
    answer = Error{ErrorKind::cancelled, "stopped before there was a token"};
  } else {
    answer = *failure;
  }
  if (starts) is_fetching = true;
  lock.unlock();
  if (starts) attempt(1, {});
  if (!waits) then(std::move(*answer));  // NOLINT(bugprone-use-after-move): moved where it waits
}

bool Oauth2Token::Shared::refused(std::string_view text) {
  const std::lock_guard lock(mutex);
  // Another one has been fetched meanwhile, or is on its way.
  if (!token || (!text.empty() && token->text != text)) return true;
  const bool is_hopeless =
      token->in_place_of_refused && clock.wall().ns - token->fetched.ns < proven_after;
  if (is_hopeless) return false;
  remember(token->text);
  token.reset();
  was_refused = true;
  return true;
}

std::string Oauth2Token::Shared::hide(std::string_view text) const {
  const std::lock_guard lock(mutex);
  std::string out(text);
  hide_in(out, options.client_secret);
  hide_in(out, refresh_token);
  if (token) hide_in(out, token->text);
  for (const std::string& secret : past) hide_in(out, secret);
  for (const auto& [name, value] : options.parameters) {
    if (name.find("password") != name.npos || name.find("secret") != name.npos) hide_in(out, value);
  }
  return out;
}

void Oauth2Token::Shared::close() {
  std::vector<Then> left;
  {
    const std::lock_guard lock(mutex);
    is_closed = true;
    left.swap(waiters);
  }
  for (const Then& then : left)
    then(Error{ErrorKind::cancelled, "stopped before there was a token"});
}

std::string Oauth2Token::Shared::form() const {
  std::string out;
  const auto add = [&](std::string_view name, std::string_view value) {
    if (value.empty()) return;
    if (!out.empty()) out += '&';
    aws::append_encoded(name, out);
    out += '=';
    aws::append_encoded(value, out);
  };
  add("grant_type", options.grant);
  if (options.auth_in == Oauth2Options::AuthIn::body) {
    add("client_id", options.client_id);
    add("client_secret", options.client_secret);
  }
  if (options.grant == "refresh_token") add("refresh_token", refresh_token);
  add("scope", options.scope);
  add("audience", options.audience);
  for (const auto& [name, value] : options.parameters) add(name, value);
  return out;
}

void Oauth2Token::Shared::attempt(uint32_t number, Instant when) {
  HttpRequest request;
  request.method = "POST";
  request.url = options.token_url;
  request.body_most = answer_bytes_max;
  request.headers = {{"Content-Type", "application/x-www-form-urlencoded"},
                     {"Accept", "application/json"}};
  if (options.auth_in == Oauth2Options::AuthIn::header) {
    request.headers.push_back(
        {"Authorization", "Basic " + base64(aws::encoded(options.client_id) + ":" +
                                            aws::encoded(options.client_secret))});
  }
  std::string body;
  {
    const std::lock_guard lock(mutex);
    body = form();
  }
  engine.start(std::make_unique<TokenExchange>(
                   std::move(request), std::move(body),
                   [self = shared_from_this(), number](Result<HttpResponse> response) {
                     self->finished(number, std::move(response));
                   }),
               when);
}

Result<Granted> Oauth2Token::Shared::read(const Result<HttpResponse>& response,
                                          Refusal& refusal) const {
  if (!response.ok()) {
    refusal = {response.error(), response.error().kind == ErrorKind::transient};
    return refusal.error;
  }
  const std::vector<std::string> fields = fields_of(response->body.view());
  // Some say 200 and then what is wrong.
  if (response->status / 100 != 2 || fields[0].empty()) {
    refusal = refusal_of(*response, fields, options, clock.wall());
    return refusal.error;
  }
  return Granted{fields[0], fields[2], life_of(fields[1])};
}

void Oauth2Token::Shared::finished(uint32_t number, Result<HttpResponse> response) {
  Refusal refusal;
  Result<Granted> granted = read(response, refusal);
  std::optional<Nanoseconds> pause;
  if (!granted.ok()) {
    const std::lock_guard lock(mutex);
    if (refusal.may_pass && number < options.retry.attempts_max && !is_closed)
      pause = pause_before_next(options.retry, number, refusal.retry_after, chance);
  }
  if (pause) return attempt(number + 1, now() + *pause);
  conclude(std::move(granted));
}

// A refresh token that the server has replaced: in this object first, so that the run goes on.
Status Oauth2Token::Shared::keep(const Granted& granted) {
  {
    const std::lock_guard lock(mutex);
    if (granted.refresh_token.empty() || granted.refresh_token == refresh_token) return {};
    remember(refresh_token);
    refresh_token = granted.refresh_token;
  }
  if (options.refresh_token_file.empty()) return {};
  TRY_IN(write_secret_file(options.refresh_token_file, granted.refresh_token + "\n"),
         "the new refresh token can't be kept");
  return {};
}

void Oauth2Token::Shared::conclude(Result<Granted> granted) {
  if (granted.ok() && options.grant == "refresh_token") {
    if (const Status kept = keep(*granted); !kept.ok()) granted = kept.error();
  }
  std::optional<Error> error;
  if (!granted.ok()) {
    error = Error{granted.error().kind, what + ": " + hide(granted.error().message)};
  }
  std::vector<Then> ready;
  {
    const std::lock_guard lock(mutex);
    const WallTime at = clock.wall();
    is_fetching = false;
    ready.swap(waiters);
    failure = error;
    if (error) {
      not_before = {at.ns + pause_after_failure};
    } else {
      if (token) remember(token->text);
      token =
          Token{.text = granted->access_token, .fetched = at, .in_place_of_refused = was_refused};
      was_refused = false;
      if (granted->life) {
        token->ends = WallTime{at.ns + *granted->life};
        token->renewed_from =
            WallTime{token->ends->ns - std::min(renewed_before_most, *granted->life / 10)};
      }
    }
  }
  for (const Then& then : ready) {
    then(error ? Result<std::string>(*error) : Result<std::string>(granted->access_token));
  }
}

Result<std::unique_ptr<Oauth2Token>> Oauth2Token::make(Oauth2Options options, Engine& engine,
                                                       const Clock& clock) {
  auto shared = std::make_shared<Shared>(std::move(options), engine, clock);
  const Oauth2Options& given = shared->options;
  shared->refresh_token = given.refresh_token;
  if (!given.refresh_token_file.empty()) {
    const auto kept = read_secret_file(given.refresh_token_file);
    if (kept.ok() && !kept->empty()) shared->refresh_token = *kept;
    if (!kept.ok() && kept.error().kind != ErrorKind::not_found) return kept.error();
    TRY(check_secret_file_can_be_written(given.refresh_token_file));
  }
  if (given.grant == "refresh_token" && shared->refresh_token.empty()) {
    return Error{ErrorKind::invalid,
                 "no refresh_token" + (given.refresh_token_file.empty()
                                           ? std::string()
                                           : " given, and none in " + given.refresh_token_file)};
  }
  return std::unique_ptr<Oauth2Token>(new Oauth2Token(std::move(shared)));
}

Oauth2Token::Oauth2Token(std::shared_ptr<Shared> shared) : shared_(std::move(shared)) {}
Oauth2Token::~Oauth2Token() {
  shared_->close();
}
void Oauth2Token::get(Then then) {
  shared_->get(std::move(then));
}
bool Oauth2Token::refused(std::string_view token) {
  return shared_->refused(token);
}
std::string Oauth2Token::hide(std::string_view text) const {
  return shared_->hide(text);
}

}  // namespace sluice
