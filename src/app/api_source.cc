#include "app/api_source.h"

#include <utility>
#include <vector>

#include "app/progress.h"
#include "app/trusted.h"
#include "aws/credential_source.h"
#include "aws/surroundings.h"
#include "http/engine.h"
#include "http/url.h"
#include "source/http_pages.h"

namespace sluice {
namespace {

// Where a certificate of ours may be shown: that must be clear before there is a unit.
Result<std::string> constant_origin(const Template& url) {
  const std::string origin = url.text().substr(0, end_of_origin(url.text()));
  if (origin.find('{') == origin.npos) return origin;
  return Error{ErrorKind::invalid,
               "auth: mtls: the url's host must be the same for all units: " + origin};
}

// What asks an API: an engine of its own, who we are there, and how often.
class Api {
 public:
  Api(Environment environment, Secrets secrets)
      : environment_(std::move(environment)), secrets_(std::move(secrets)) {}
  ~Api() {
    // Whoever refreshes credentials does it through the engine.
    credentials_.clear();
    engine_.reset();
  }

  Status open(const HttpPagesOptions& options, const Settings* words) {
    EngineOptions how{.shards = 1};
    how.connect_within = 10_s;
    how.proxies = TRY(ProxyRules::from(environment_));
    how.tls = trusted_by_apis(environment_);
    if (auto own = TRY(auth_tls(words))) {
      if (own->ca_file.empty()) {
        own->ca_file = how.tls.ca_file;
        own->more_ca_files = how.tls.more_ca_files;
      }
      how.own_tls = {TRY(constant_origin(options.url)), std::move(*own)};
    }
    engine_ = TRY(make_engine(how));
    tell_secrets(options);
    auth_ = TRY(make_api_auth(words, *engine_, clock_,
                              [this](const aws::AwsOptions& asked) { return credentials(asked); },
                              secrets_, tell,
                              {.answer_within = options.fetch.answer_within,
                               .give_up_after = options.fetch.hopeless_after}));
    rate_ = std::make_unique<RequestRate>(options.per_second,
                                          auth_ == nullptr ? 1 : auth_->identities());
    access_.reset(new ApiAccess{*engine_, clock_, auth_.get(), *rate_, secrets_, tell});
    return {};
  }

  ApiAccess& access() { return *access_; }

  // Not before something is asked: `check` needs none, and may be run where there are none.
  Status find_credentials() {
    if (has_credentials_) return {};
    for (const auto& source : credentials_) TRY_IN(source->get(), "http");
    for (const auto& source : credentials_) source->keep_fresh();
    has_credentials_ = true;
    return {};
  }

 private:
  // Secrets that stand in the job as they are, where names tell that they are: an API may repeat
  // them.
  void tell_secrets(const HttpPagesOptions& options) {
    for (const auto& [name, value] : options.headers) {
      const std::string& text = value.text();
      if (!is_secret_name(name)) continue;
      secrets_.add(name, text);
      // The scheme is none: "Bearer s3cr3t"
      secrets_.add(name, std::string_view(text).substr(text.rfind(' ') + 1));
    }
    for (const auto& [name, value] : options.query) {
      if (is_secret_word(name) || is_secret_name(name)) secrets_.add(name, value.text());
    }
  }

  Result<aws::CredentialSource*> credentials(const aws::AwsOptions& asked) {
    auto source =
        aws::make_credential_source(asked, aws::real_surroundings(environment_, *engine_, clock_));
    credentials_.push_back(std::move(source));
    return credentials_.back().get();
  }
  const Environment environment_;
  Secrets secrets_;
  const Clock clock_;
  std::unique_ptr<HttpEngine> engine_;
  std::vector<std::unique_ptr<aws::CredentialSource>> credentials_;
  bool has_credentials_ = false;
  std::unique_ptr<ApiAuth> auth_;
  std::unique_ptr<RequestRate> rate_;
  std::unique_ptr<ApiAccess> access_;
};

// Pages, with the API that they are asked of.
class ApiSource : public SourceMaker {
 public:
  ApiSource(std::unique_ptr<Api> api, std::unique_ptr<SourceMaker> pages)
      : SourceMaker(pages->traits()), api_(std::move(api)), pages_(std::move(pages)) {}
  Result<std::unique_ptr<Source>> open(SourceContext context) const override {
    TRY(api_->find_credentials());
    return pages_->open(std::move(context));
  }

 private:
  const std::unique_ptr<Api> api_;
  const std::unique_ptr<SourceMaker> pages_;  // Goes before what it asks
};

}  // namespace

Result<std::unique_ptr<SourceMaker>> make_api_source(const Settings& settings,
                                                     const PartContext& context) {
  HttpPagesOptions options = TRY_IN(read_http_pages(settings), "http");
  auto api = std::make_unique<Api>(context.outside.environment(), context.secrets);
  TRY_IN(api->open(options, settings.has("auth") ? &settings.inner("auth") : nullptr), "http");
  auto pages = make_http_pages_maker(api->access(), std::move(options));
  return std::unique_ptr<SourceMaker>(
      std::make_unique<ApiSource>(std::move(api), std::move(pages)));
}

}  // namespace sluice
