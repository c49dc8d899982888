#include "source/api_auth.h"

#include <algorithm>
#include <array>
#include <mutex>

#include "aws/sign.h"
#include "base/checksum.h"
#include "base/text.h"
#include "http/url.h"
#include "source/api_auth_words.h"

namespace sluice {
namespace {

void set_header(Headers& headers, std::string_view name, std::string value) {
  std::erase_if(headers, [&](const Header& one) { return equal_without_case(one.name, name); });
  headers.push_back({std::string(name), std::move(value)});
}

// A URL around its query. A fragment, which is never sent, is left out.
struct CutUrl {
  std::string_view front;               // Up to the query
  std::vector<std::string_view> pairs;  // "name=value", encoded

  explicit CutUrl(std::string_view url) {
    url = url.substr(0, url.find('#'));
    const size_t mark = url.find('?');
    front = url.substr(0, mark);
    if (mark == url.npos) return;
    for (const std::string_view pair : split(url.substr(mark + 1), '&')) {
      if (!pair.empty()) pairs.push_back(pair);
    }
  }
};

// As forms have it: "+" is a blank.
std::string decoded(std::string_view text) {
  std::string out(text);
  std::replace(out.begin(), out.end(), '+', ' ');
  return percent_decoded(out);
}

std::string name_of(std::string_view pair) {
  return decoded(pair.substr(0, pair.find('=')));
}

std::string joined(const CutUrl& url, const std::vector<std::string>& pairs) {
  std::string out(url.front);
  for (size_t i = 0; i < pairs.size(); ++i) out.append(i == 0 ? "?" : "&").append(pairs[i]);
  return out;
}

// ---- what is known from the beginning ----------------------------------------------------------

class NoAuth : public ApiAuth {
 public:
  void authorize(HttpRequest request, size_t, Then then) override { then(std::move(request)); }
  bool refused(size_t, const HttpRequest*) override { return false; }
  SecretPlaces secret_places() const override { return {}; }
};

// Bearer tokens, Basic, and keys in a header: a header's value for each identity.
class HeaderAuth : public ApiAuth {
 public:
  HeaderAuth(std::string header, std::vector<std::string> values)
      : header_(std::move(header)), values_(std::move(values)) {}
  void authorize(HttpRequest request, size_t identity, Then then) override {
    ENSURE(identity < values_.size());
    set_header(request.headers, header_, values_[identity]);
    then(std::move(request));
  }
  bool refused(size_t, const HttpRequest*) override { return false; }
  size_t identities() const override { return values_.size(); }
  SecretPlaces secret_places() const override { return {.headers = {header_}}; }

 private:
  const std::string header_;
  const std::vector<std::string> values_;
};

class QueryAuth : public ApiAuth {
 public:
  QueryAuth(std::string word, std::vector<std::string> values)
      : word_(std::move(word)), values_(std::move(values)) {}
  // In place of a key that is there: a next page's URL often carries the one of this page.
  void authorize(HttpRequest request, size_t identity, Then then) override {
    ENSURE(identity < values_.size());
    const CutUrl url(request.url);
    std::vector<std::string> pairs;
    for (const std::string_view pair : url.pairs) {
      if (name_of(pair) != word_) pairs.emplace_back(pair);
    }
    pairs.push_back(aws::encoded(word_) + "=" + aws::encoded(values_[identity]));
    request.url = joined(url, pairs);
    then(std::move(request));
  }
  bool refused(size_t, const HttpRequest*) override { return false; }
  size_t identities() const override { return values_.size(); }
  SecretPlaces secret_places() const override { return {.query = {word_}}; }

 private:
  const std::string word_;
  const std::vector<std::string> values_;
};

// ---- what has to be fetched --------------------------------------------------------------------

class Oauth2Auth : public ApiAuth {
 public:
  Oauth2Auth(std::unique_ptr<Oauth2Token> token, std::string scheme)
      : prefix_(std::move(scheme) + " "), token_(std::move(token)) {}
  void authorize(HttpRequest request, size_t, Then then) override {
    token_->get([prefix = prefix_, request = std::move(request),
                 then = std::move(then)](Result<std::string> token) mutable {
      if (!token.ok()) return then(std::move(token).error());
      if (!is_header_value(*token)) {
        return then(Error{ErrorKind::invalid,
                          "the access token has a control character in it, which no header can "
                          "hold"});
      }
      set_header(request.headers, "Authorization", prefix + *token);
      then(std::move(request));
    });
  }
  bool refused(size_t, const HttpRequest* sent) override {
    std::string_view used = sent == nullptr ? "" : header(sent->headers, "Authorization");
    if (used.starts_with(prefix_)) used.remove_prefix(prefix_.size());
    return token_->refused(used);
  }
  SecretPlaces secret_places() const override { return {.headers = {"Authorization"}}; }

 private:
  const std::string prefix_;
  const std::unique_ptr<Oauth2Token> token_;
};

class Sigv4Auth : public ApiAuth {
 public:
  Sigv4Auth(const Sigv4Words& words, aws::CredentialSource& source, const Clock& clock)
      : shared_(std::make_shared<Shared>(words, source, clock)) {}
  ~Sigv4Auth() override { shared_->close(); }

  void authorize(HttpRequest request, size_t, Then then) override {
    shared_->authorize({std::move(request), std::move(then)});
  }
  bool refused(size_t, const HttpRequest* sent) override {
    return shared_->refused(sent == nullptr ? "" : header(sent->headers, "Authorization"));
  }
  SecretPlaces secret_places() const override {
    return {.headers = {"Authorization", "X-Amz-Security-Token"}};
  }

 private:
  struct Waiting {
    HttpRequest request;
    Then then;
  };
  // Shared with the credential source, which may have word for us after our end.
  struct Shared : std::enable_shared_from_this<Shared> {
    Shared(const Sigv4Words& said, aws::CredentialSource& from, const Clock& by)
        : words(said), source(from), clock(by) {}
    const Sigv4Words words;
    aws::CredentialSource& source;
    const Clock& clock;
    aws::SigningKeys keys;
    std::mutex mutex;
    // Guarded by mutex.
    std::vector<Waiting> waiting;
    aws::Credentials refused_ones;
    WallTime refused_at = {};

    bool is_good(const std::shared_ptr<const aws::Credentials>& credentials) const {
      return credentials != nullptr && *credentials != refused_ones &&
             (!credentials->expires || clock.wall() < *credentials->expires);
    }

    void authorize(Waiting one) {
      const auto credentials = source.current();
      std::unique_lock lock(mutex);
      if (is_good(credentials)) {
        lock.unlock();
        return sign_and_go(std::move(one), *credentials);
      }
      waiting.push_back(std::move(one));
      if (waiting.size() > 1) return;  // Asked for already
      lock.unlock();
      source.renew(credentials == nullptr ? aws::Credentials() : *credentials,
                   [self = shared_from_this()](const Status& renewed) { self->go_on(renewed); });
    }

    void go_on(const Status& renewed) {
      const auto credentials = source.current();
      std::vector<Waiting> ready;
      {
        const std::lock_guard lock(mutex);
        ready.swap(waiting);
      }
      for (Waiting& one : ready) {
        if (renewed.ok() && credentials != nullptr) {
          sign_and_go(std::move(one), *credentials);
        } else {
          one.then(renewed.ok() ? Error{ErrorKind::denied, "there are no credentials"}
                                : Error(renewed.error()));
        }
      }
    }

    // Only what ends by itself can be replaced by something better; if that is refused at once,
    // it isn't the credentials.
    bool refused(std::string_view authorization) {
      const auto credentials = source.current();
      if (credentials == nullptr) return true;
      const bool is_newest = authorization.empty() ||
                             authorization.find("Credential=" + credentials->access_key_id + "/") !=
                                 authorization.npos;
      if (!is_newest) return true;
      const std::lock_guard lock(mutex);
      if (!credentials->expires) return false;
      if (*credentials == refused_ones) return true;  // They are about to be replaced.
      const WallTime at = clock.wall();
      if (!refused_ones.access_key_id.empty() && at.ns - refused_at.ns < 60_s) return false;
      refused_ones = *credentials;
      refused_at = at;
      return true;
    }

    void sign_and_go(Waiting one, const aws::Credentials& credentials) {
      std::vector<aws::QueryPair> pairs;
      const CutUrl url(one.request.url);
      for (const std::string_view pair : url.pairs) {
        const size_t sign = pair.find('=');
        pairs.emplace_back(name_of(pair), sign == pair.npos ? "" : decoded(pair.substr(sign + 1)));
      }
      std::string plain(url.front);
      if (!pairs.empty()) plain += "?" + aws::canonical_query(pairs);
      one.request.url = std::move(plain);
      const WallTime at = clock.wall();
      sign(one.request,
           words.service == "s3" ? aws::SigningScope::s3(words.region, at)
                                 : aws::SigningScope::of(words.service, words.region, at),
           credentials, keys);
      one.then(std::move(one.request));
    }

    void close() {
      std::vector<Waiting> left;
      {
        const std::lock_guard lock(mutex);
        left.swap(waiting);
      }
      for (const Waiting& one : left)
        one.then(Error{ErrorKind::cancelled, "stopped before there were credentials"});
    }
  };

  const std::shared_ptr<Shared> shared_;
};

std::unique_ptr<ApiAuth> bearer_auth(const std::vector<std::string>& tokens) {
  std::vector<std::string> values;
  values.reserve(tokens.size());
  for (const std::string& token : tokens) values.push_back("Bearer " + token);
  return std::make_unique<HeaderAuth>("Authorization", std::move(values));
}

// Literal ones too: what an API repeats of a request is nobody's business.
void tell(const Secrets& secrets, const std::string& name, const std::vector<std::string>& values) {
  Secrets told = secrets;  // All copies know what one was told.
  for (size_t i = 0; i < values.size(); ++i)
    told.add(i == 0 ? name : name + " " + std::to_string(i + 1), values[i]);
}

}  // namespace

Result<std::unique_ptr<ApiAuth>> make_api_auth(const Settings* auth, Engine& engine,
                                               const Clock& clock,
                                               const FindCredentials& credentials,
                                               const Secrets& secrets,
                                               const std::function<void(const std::string&)>& say,
                                               const TokenPatience& patience) {
  using Made = std::unique_ptr<ApiAuth>;
  if (auth == nullptr) return Made(std::make_unique<NoAuth>());
  const std::string_view kind = TRY(auth_kind(*auth));
  if (kind == "bearer") {
    const std::vector<std::string> tokens = TRY(bearer_tokens(*auth));
    tell(secrets, "bearer", tokens);
    return bearer_auth(tokens);
  }
  if (kind == "basic") {
    const BasicWords words = TRY(basic_of(*auth));
    tell(secrets, "password", {words.password});
    tell(secrets, "user and password", {base64(words.user + ":" + words.password)});
    return Made(std::make_unique<HeaderAuth>(
        "Authorization",
        std::vector<std::string>{"Basic " + base64(words.user + ":" + words.password)}));
  }
  if (kind == "api_key") {
    ApiKeyWords words = TRY(api_key_of(*auth));
    tell(secrets, "api_key", words.values);
    if (words.header.empty())
      return Made(std::make_unique<QueryAuth>(std::move(words.query), std::move(words.values)));
    return Made(std::make_unique<HeaderAuth>(std::move(words.header), std::move(words.values)));
  }
  if (kind == "oauth2") {
    Oauth2Words words = TRY(oauth2_of(*auth));
    words.options.say = say;
    words.options.patience = patience;
    auto token = Oauth2Token::make(std::move(words.options), engine, clock, secrets);
    if (!token.ok()) return auth->error_at("oauth2", token.error().message);
    return Made(std::make_unique<Oauth2Auth>(std::move(*token), std::move(words.scheme)));
  }
  if (kind == "sigv4") {
    const Sigv4Words words = TRY(sigv4_of(*auth));
    aws::CredentialSource* source = TRY_IN(credentials(words.aws), "auth: sigv4");
    return Made(std::make_unique<Sigv4Auth>(words, *source, clock));
  }
  return Made(std::make_unique<NoAuth>());
}

void drop_secrets(HttpRequest& request, const SecretPlaces& places) {
  std::erase_if(request.headers, [&](const Header& header) {
    const auto is_it = [&](std::string_view name) { return equal_without_case(name, header.name); };
    return is_it("Authorization") || is_it("Cookie") ||
           std::any_of(places.headers.begin(), places.headers.end(), is_it);
  });
  request.url = without_query_words(request.url, [&](std::string_view pair) {
    const auto& words = places.query;
    return std::find(words.begin(), words.end(), name_of(pair)) != words.end();
  });
}

std::string without_query_words(std::string_view text,
                                const std::function<bool(std::string_view pair)>& goes) {
  const CutUrl url(text);
  std::vector<std::string> pairs;
  for (const std::string_view pair : url.pairs) {
    if (!goes(pair)) pairs.emplace_back(pair);
  }
  return pairs.size() < url.pairs.size() ? joined(url, pairs) : std::string(text);
}

std::string shown_url(std::string_view url, const SecretPlaces& places) {
  const CutUrl cut(url);
  std::vector<std::string> pairs;
  for (const std::string_view pair : cut.pairs) {
    const std::string name = name_of(pair);
    const auto& words = places.query;
    const bool is_secret =
        is_secret_word(name) || std::find(words.begin(), words.end(), name) != words.end();
    pairs.push_back(is_secret ? std::string(pair.substr(0, pair.find('='))) + "=***"
                              : std::string(pair));
  }
  std::string shown = joined(cut, pairs);
  const size_t host = shown.find("://");
  if (host == shown.npos) return shown;
  const size_t end = std::min(shown.find_first_of("/?", host + 3), shown.size());
  const size_t at = shown.rfind('@', end);
  if (at != shown.npos && at > host) shown.replace(host + 3, at - host - 3, "***");
  return shown;
}

}  // namespace sluice
