#include "app/s3_access.h"

#include <algorithm>

#include "app/process.h"
#include "aws/endpoint.h"
#include "base/text.h"

namespace sluice {
namespace {

bool is_loopback(std::string_view url) {
  return url.starts_with("http://127.") || url.starts_with("http://localhost") ||
         url.starts_with("http://[::1]");
}

}  // namespace

S3Access::S3Access(Environment environment) : environment_(std::move(environment)) {}

S3Access::~S3Access() {
  // The keepers' threads load through the engine, so they end first; by now no store is left that
  // would sign with what they hold.
  credentials_.clear();
  engine_.reset();
}

Result<std::unique_ptr<S3Access>> S3Access::make(const Environment& environment) {
  std::unique_ptr<S3Access> made(new S3Access(environment));
  EngineOptions options;
  options.shards = std::clamp(usable_cores(), 1U, 4U);
  options.proxies = TRY(ProxyRules::from(environment));
  options.tls.ca_file = environment.get("AWS_CA_BUNDLE").value_or("");
  made->engine_ = TRY(make_engine(options));
  return made;
}

Result<aws::CredentialSource*> S3Access::credentials(const S3Words& words) {
  if (words.is_unsigned) return nullptr;
  for (const auto& [options, source] : credentials_) {
    if (options == words.aws) return source.get();
  }
  auto source = aws::make_credential_source(words.aws,
                                            aws::real_surroundings(environment_, *engine_, clock_));
  TRY(source->get());
  source->keep_fresh();
  credentials_.emplace_back(words.aws, std::move(source));
  return credentials_.back().second.get();
}

Result<std::unique_ptr<S3Store>> S3Access::open(const std::string& bucket, const Settings& side) {
  S3Words words = TRY(s3_words(side, environment_));
  const aws::AwsSurroundings surroundings = aws::real_surroundings(environment_, *engine_, clock_);
  const aws::Profiles profiles = TRY(aws::read_profiles(words.aws, surroundings));
  const aws::BucketEndpoint where = TRY(aws::bucket_endpoint(
      Bucket(bucket), TRY(aws::endpoint_settings("s3", words.aws, environment_, profiles))));
  aws::CredentialSource* credentials = TRY(this->credentials(words));

  S3Options& options = words.options;
  // AWS's SDKs take it likewise; ours is more patient by default.
  if (const auto attempts = environment_.get("AWS_MAX_ATTEMPTS")) {
    const auto most = parse_number<uint32_t>(*attempts);
    if (!most || *most == 0)
      return Error{ErrorKind::invalid, "AWS_MAX_ATTEMPTS: a number from 1 on was expected"};
    options.retry.attempts_max = *most;
  }
  options.bucket = Bucket(bucket);
  options.base_url = where.origin + where.base_path;
  options.region = where.region;
  options.base_url_of_region = where.url_of_region;
  options.signs_payload = !where.is_https() && !is_loopback(where.origin);
  return make_s3_store(std::move(options), *engine_, credentials, clock_);
}

}  // namespace sluice
