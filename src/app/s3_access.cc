#include "app/s3_access.h"

#include <algorithm>

#include "app/process.h"

namespace sluice {

S3Access::S3Access(Environment environment) : environment_(std::move(environment)) {}
S3Access::~S3Access() = default;

Result<std::unique_ptr<S3Access>> S3Access::make(const Environment& environment) {
  std::unique_ptr<S3Access> made(new S3Access(environment));
  EngineOptions options;
  options.shards = std::clamp(usable_cores(), 1U, 4U);
  options.proxies = TRY(ProxyRules::from(environment));
  options.tls.ca_file = environment.get("AWS_CA_BUNDLE").value_or("");
  made->engine_ = TRY(make_engine(std::move(options)));
  return made;
}

Result<std::unique_ptr<Store>> S3Access::open(const std::string& bucket) {
  const auto of = [&](const char* name) { return environment_.get(name).value_or(""); };
  S3Options options;
  options.bucket = Bucket(bucket);
  options.region = Region(of("AWS_REGION").empty() ? "us-east-1" : of("AWS_REGION"));
  const std::string endpoint =
      of("AWS_ENDPOINT_URL_S3").empty() ? of("AWS_ENDPOINT_URL") : of("AWS_ENDPOINT_URL_S3");
  options.base_url = endpoint.empty()
                         ? "https://" + bucket + ".s3." + options.region.str() + ".amazonaws.com"
                         : endpoint + "/" + bucket;
  std::optional<aws::Credentials> credentials;
  if (!of("AWS_ACCESS_KEY_ID").empty())
    credentials = aws::Credentials{of("AWS_ACCESS_KEY_ID"), of("AWS_SECRET_ACCESS_KEY"),
                                   of("AWS_SESSION_TOKEN")};
  feeds_.push_back(fixed_credentials(credentials));
  return std::unique_ptr<Store>(
      make_s3_store(std::move(options), *engine_, *feeds_.back(), clock_));
}

}  // namespace sluice
