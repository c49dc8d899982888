#include "source/oauth2_token.h"

#include <algorithm>
#include <array>
#include <mutex>
#include <optional>

#include "aws/control_call.h"
#include "aws/sign.h"
#include "base/checksum.h"
#include "base/text.h"
#include "base/time.h"
#include "http/url.h"
#include "source/oauth2_answer.h"
#include "source/secret_file.h"

namespace sluice {
namespace {

constexpr uint64_t answer_bytes_max = 1 << 20;
constexpr Nanoseconds pause_after_failure = 10_s;
constexpr Nanoseconds pause_if_throttled = 500_ms;
constexpr Nanoseconds renewed_before_most = 60_s;
// A token this close to its end would end on the way.
constexpr Nanoseconds unusable_before = 5_s;
// Two tokens in a row that are refused within this: it isn't the token.
constexpr Nanoseconds proven_after = 60_s;
// Another run that uses up the refresh token and keeps the next is waited for so long, looked at so
// often.
constexpr Nanoseconds lock_wait_most = 60_s;
constexpr Nanoseconds lock_pause = 200_ms;

struct Token {
  std::string text;
  std::optional<WallTime> ends, renewed_from;
  WallTime fetched = {};
  bool in_place_of_refused = false;
};

std::string without_query(std::string_view url) {
  return std::string(url.substr(0, url.find_first_of("?#")));
}

// Nothing of the request has left: as the engine tells it (http/connection.cc).
bool was_never_sent(const Error& error) {
  return error.message.starts_with("connect to ");
}

}  // namespace

struct Oauth2Token::Shared : std::enable_shared_from_this<Oauth2Token::Shared> {
  Shared(Oauth2Options given, Engine& engine, const Clock& clock, Secrets known)
      : options(std::move(given)),
        engine(engine),
        clock(clock),
        secrets(std::move(known)),
        what("token from " + without_query(options.token_url)) {}

  const Oauth2Options options;
  Engine& engine;  // Outlives all but the destruction of this
  const Clock& clock;
  Secrets secrets;
  const std::string what;

  mutable std::mutex mutex;
  // Guarded by mutex.
  std::optional<Token> token;
  std::string refresh_token;
  std::vector<Then> waiters;
  bool is_fetching = false, is_closed = false, was_refused = false;
  std::optional<Error> failure;  // Of the last fetch
  WallTime not_before = {};      // The next, after a failure
  // Of the fetch under way: one token is used up at a time, of all runs that share its file.
  std::optional<SecretFileLock> lock;
  Instant began = {};               // The first attempt
  std::optional<Error> unprepared;  // Why it can't be sent
  std::string sent;                 // The refresh token
  Nanoseconds asked_for = 0;        // To be waited for, all attempts together
  std::string doubtful;             // One that may have been used up without an answer
  Chance chance;

  void get(Then then);
  bool refused(std::string_view text);
  void tell_secrets();
  void close();

  void attempt(uint32_t number, Instant when);
  Status prepare();
  void finished(uint32_t number, Result<HttpResponse> response);
  bool may_be_used_up(const Result<HttpResponse>& response, const TokenRefusal& refusal) const;
  // With the lock; so is the one below.
  std::optional<Error> too_long(const TokenRefusal& refusal);
  Nanoseconds left(Instant at) const;
  Nanoseconds pause_after(const TokenRefusal& refusal, uint32_t number);
  void tell_wait(const TokenRefusal& refusal) const;
  Status keep(const Granted& granted);
  void conclude(Result<Granted> granted);
  std::string form() const;  // With the lock; so do the next two
  bool is_usable(WallTime at) const;
};

namespace {

class TokenExchange : public Exchange {
 public:
  // The form, made when its time has come; nothing if it isn't to be sent.
  using Prepare = std::function<std::optional<std::string>()>;
  using Finished = std::function<void(Result<HttpResponse>)>;
  TokenExchange(HttpRequest request, Prepare prepare, Finished finished)
      : request_(std::move(request)),
        prepare_(std::move(prepare)),
        finished_(std::move(finished)) {}
  bool prepare() override {
    std::optional<std::string> form = prepare_();
    if (!form) return false;
    form_ = std::move(*form);
    request_.body = form_;
    return true;
  }
  const HttpRequest& request() const override { return request_; }
  void finished(Result<HttpResponse> response) override { finished_(std::move(response)); }

 private:
  std::string form_;
  HttpRequest request_;
  const Prepare prepare_;
  const Finished finished_;
};

}  // namespace

bool Oauth2Token::Shared::is_usable(WallTime at) const {
  return token && (!token->ends || at.ns < token->ends->ns - unusable_before);
}

void Oauth2Token::Shared::get(Then then) {
  std::unique_lock guard(mutex);
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
  if (starts) {
    is_fetching = true;
    began = now();
  }
  guard.unlock();
  if (starts) attempt(1, {});
  if (!waits) then(std::move(*answer));  // NOLINT(bugprone-use-after-move): moved where it waits
}

bool Oauth2Token::Shared::refused(std::string_view text) {
  const std::lock_guard guard(mutex);
  // Another one has been fetched meanwhile, or is on its way.
  if (!token || (!text.empty() && token->text != text)) return true;
  const bool is_hopeless =
      token->in_place_of_refused && clock.wall().ns - token->fetched.ns < proven_after;
  if (is_hopeless) return false;
  token.reset();
  was_refused = true;
  return true;
}

// What the job says; what is fetched is told when it comes.
void Oauth2Token::Shared::tell_secrets() {
  secrets.add("client_secret", options.client_secret);
  if (options.auth_in == Oauth2Options::AuthIn::header) {
    secrets.add("client_id and client_secret", base64(aws::encoded(options.client_id) + ":" +
                                                      aws::encoded(options.client_secret)));
  }
  secrets.add("refresh_token", refresh_token, Secrets::Life::passing);
  for (const auto& [name, value] : options.parameters) {
    if (is_secret_name(name)) secrets.add(name, value);
  }
}

void Oauth2Token::Shared::close() {
  std::vector<Then> left;
  {
    const std::lock_guard guard(mutex);
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
  const Instant begins = std::max(now(), when);
  Nanoseconds left_then = 0;
  {
    const std::lock_guard guard(mutex);
    left_then = std::max(left(begins), try_least);
  }
  request.deadline = begins + left_then;
  be_patient(request, options.patience.answer_within, left_then);
  // A refresh token that rotates is used up by the first request that arrives.
  request.may_be_sent_twice = false;
  request.fresh_connection = true;
  request.headers = {{"Content-Type", "application/x-www-form-urlencoded"},
                     {"Accept", "application/json"}};
  if (options.auth_in == Oauth2Options::AuthIn::header) {
    request.headers.push_back(
        {"Authorization", "Basic " + base64(aws::encoded(options.client_id) + ":" +
                                            aws::encoded(options.client_secret))});
  }
  const auto make_form = [self = shared_from_this()]() -> std::optional<std::string> {
    const std::lock_guard guard(self->mutex);
    const Status prepared = self->prepare();
    self->unprepared = prepared.ok() ? std::nullopt : std::optional(prepared.error());
    if (!prepared.ok()) return std::nullopt;
    self->sent = self->refresh_token;
    return self->form();
  };
  engine.start(std::make_unique<TokenExchange>(
                   std::move(request), make_form,
                   [self = shared_from_this(), number](Result<HttpResponse> response) {
                     self->finished(number, std::move(response));
                   }),
               when);
}

// With the mutex. What another run has put into the file since is what counts. `conflict`: it is at
// it just now.
Status Oauth2Token::Shared::prepare() {
  if (options.grant != "refresh_token") return {};
  if (!options.refresh_token_file.empty()) {
    if (!lock) lock = TRY(SecretFileLock::try_take(options.refresh_token_file));
    if (!lock) {
      return Error{ErrorKind::conflict,
                   "another run has been renewing " + options.refresh_token_file + " for too long"};
    }
    const auto kept = read_secret_file(options.refresh_token_file);
    if (!kept.ok() && kept.error().kind != ErrorKind::not_found) return kept.error();
    if (kept.ok() && !kept->empty() && *kept != refresh_token) {
      refresh_token = *kept;
      secrets.add("refresh_token", refresh_token, Secrets::Life::passing);
    }
  }
  if (!doubtful.empty() && refresh_token == doubtful) {
    return Error{ErrorKind::transient,
                 "no answer came to the refresh token, which may be used up by now; it isn't sent "
                 "twice in one run"};
  }
  return {};
}

// Whether the server may have taken the refresh token for good without our having heard: no answer,
// or one of somebody in between.
bool Oauth2Token::Shared::may_be_used_up(const Result<HttpResponse>& response,
                                         const TokenRefusal& refusal) const {
  if (options.grant != "refresh_token" || !refusal.may_pass) return false;
  if (!response.ok()) return !was_never_sent(response.error());
  return response->status >= 500 && response->status != 503 && !names_an_error(*response);
}

void Oauth2Token::Shared::finished(uint32_t number, Result<HttpResponse> response) {
  TokenRefusal refusal;
  std::optional<Error> failed_before;
  bool waits_for_lock = false;
  {
    const std::lock_guard guard(mutex);
    failed_before = std::exchange(unprepared, std::nullopt);
    waits_for_lock = failed_before && failed_before->kind == ErrorKind::conflict && !is_closed &&
                     now() - began < std::min(lock_wait_most, options.patience.give_up_after);
  }
  if (waits_for_lock) return attempt(number, now() + lock_pause);
  if (failed_before) return conclude(Error{ErrorKind::transient, failed_before->message});
  Result<Granted> granted = read_token_answer(response, options, clock.wall(), secrets, refusal);
  std::optional<Nanoseconds> pause;
  if (!granted.ok()) {
    const std::lock_guard guard(mutex);
    if (may_be_used_up(response, refusal)) {
      doubtful = sent;
    } else if (auto why = too_long(refusal)) {
      granted = std::move(*why);
    } else if (refusal.may_pass && number < options.retry.attempts_max && !is_closed) {
      if (left(now()) >= 0) pause = pause_after(refusal, number);
    }
  }
  if (pause) {
    tell_wait(refusal);
    return attempt(number + 1, now() + *pause);
  }
  conclude(std::move(granted));
}

// Of the time after which the token is given up; below 0 when that is over.
Nanoseconds Oauth2Token::Shared::left(Instant at) const {
  return options.patience.give_up_after - (at - began - asked_for);
}

// No rest of ours outlasts the time that is left.
Nanoseconds Oauth2Token::Shared::pause_after(const TokenRefusal& refusal, uint32_t number) {
  Nanoseconds pause = pause_before_next(options.retry, number, refusal.retry_after, chance);
  // Told to slow down, without a word of how long, or with one that means nothing.
  if (refusal.error.kind == ErrorKind::throttled)
    pause = std::max(pause, pause_if_throttled << (number - 1));
  return std::min(pause, std::max<Nanoseconds>(left(now()), 0));
}

// Why it isn't waited for as long as the server asks, if that is longer than anybody waits. Whoever
// wanted the token doesn't ask again either.
std::optional<Error> Oauth2Token::Shared::too_long(const TokenRefusal& refusal) {
  if (!refusal.may_pass) return std::nullopt;
  asked_for += std::min(refusal.retry_after.value_or(0), INT64_MAX - asked_for);
  if (asked_for <= announced_wait_most) return std::nullopt;
  return Error{ErrorKind::invalid, refusal.error.message + asks_to_wait(asked_for)};
}

// At once: else a run that waits looks as if it hung.
void Oauth2Token::Shared::tell_wait(const TokenRefusal& refusal) const {
  const Nanoseconds wait = refusal.retry_after.value_or(0);
  if (wait < long_wait_min || !options.say) return;
  const auto url = parse_url(options.token_url);
  options.say((url.ok() ? url->host : std::string("the token endpoint")) +
              " asks to be left alone for " + print_duration(wait) + ": waiting for a token");
}

// A refresh token that the server has replaced: in this object first, so that the run goes on.
Status Oauth2Token::Shared::keep(const Granted& granted) {
  {
    const std::lock_guard guard(mutex);
    if (granted.refresh_token.empty() || granted.refresh_token == refresh_token) return {};
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
    error = Error{granted.error().kind, what + ": " + secrets.hide(granted.error().message)};
  }
  std::vector<Then> ready;
  {
    const std::lock_guard guard(mutex);
    lock.reset();
    asked_for = 0;
    const WallTime at = clock.wall();
    is_fetching = false;
    ready.swap(waiters);
    failure = error;
    if (error) {
      not_before = {at.ns + pause_after_failure};
    } else {
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
                                                       const Clock& clock, Secrets secrets) {
  auto shared = std::make_shared<Shared>(std::move(options), engine, clock, std::move(secrets));
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
  shared->tell_secrets();
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

}  // namespace sluice
