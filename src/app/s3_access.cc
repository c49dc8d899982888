#include "app/s3_access.h"

#include <algorithm>

#include "app/process.h"
#include "app/progress.h"
#include "app/trusted.h"
#include "aws/endpoint.h"
#include "base/text.h"
#include "http/host_kind.h"
#include "http/url.h"

namespace sluice {
namespace {

bool is_loopback(const std::string& origin) {
  const auto url = parse_url(origin);
  return url.ok() && host_kind(url->host) == HostKind::loopback;
}

}  // namespace

S3Access::S3Access(Environment environment) : environment_(std::move(environment)) {}

S3Access::~S3Access() {
  // The keepers' threads load through the engine, so they end first; by now no store is left that
  // would sign with what they hold.
  credentials_.clear();
  engines_.clear();
}

Result<std::unique_ptr<S3Access>> S3Access::make(const Environment& environment) {
  TRY(ProxyRules::from(environment));
  return std::unique_ptr<S3Access>(new S3Access(environment));
}

Result<HttpEngine*> S3Access::engine(const S3Words& words) {
  EngineOptions options;
  options.tls = TRY(trusted_by_aws(words.aws, environment_));
  for (const auto& [trusted, engine] : engines_) {
    if (trusted == options.tls) return engine.get();
  }
  options.shards = std::clamp(usable_cores(), 1U, 4U);
  options.proxies = TRY(ProxyRules::from(environment_));
  engines_.emplace_back(options.tls, TRY(make_engine(options)));
  return engines_.back().second.get();
}

Result<aws::CredentialSource*> S3Access::credentials(const S3Words& words, Engine& engine) {
  if (words.is_unsigned) return nullptr;
  for (const auto& [options, source] : credentials_) {
    if (options == words.aws) return source.get();
  }
  auto source =
      aws::make_credential_source(words.aws, aws::real_surroundings(environment_, engine, clock_));
  TRY(source->get());
  source->keep_fresh();
  credentials_.emplace_back(words.aws, std::move(source));
  return credentials_.back().second.get();
}

Result<std::unique_ptr<S3Store>> S3Access::open(const std::string& bucket, const Settings& side) {
  S3Words words = TRY(s3_words(side, environment_));
  HttpEngine& engine = *TRY(this->engine(words));
  const aws::AwsSurroundings surroundings = aws::real_surroundings(environment_, engine, clock_);
  const aws::Profiles profiles = TRY(aws::read_profiles(words.aws, surroundings));
  const aws::BucketEndpoint where = TRY(aws::bucket_endpoint(
      Bucket(bucket), TRY(aws::endpoint_settings("s3", words.aws, environment_, profiles))));
  aws::CredentialSource* credentials = TRY(this->credentials(words, engine));

  S3Options& options = words.options;
  // AWS's SDKs take it likewise; ours is more patient by default.
  if (const auto attempts = environment_.get("AWS_MAX_ATTEMPTS")) {
    const auto most = parse_number<uint32_t>(*attempts);
    if (!most || *most == 0)
      return Error{ErrorKind::invalid, "AWS_MAX_ATTEMPTS: a number from 1 on was expected"};
    options.retry.attempts_max = *most;
  }
  options.bucket = Bucket(bucket);
  options.say = tell;
  options.base_url = where.origin + where.base_path;
  options.region = where.region;
  options.base_url_of_region = where.url_of_region;
  options.signs_payload = !where.is_https() && !is_loopback(where.origin);
  return make_s3_store(std::move(options), engine, credentials, clock_);
}

}  // namespace sluice
