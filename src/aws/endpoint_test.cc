#include "aws/endpoint.h"

#include <doctest/doctest.h>

#include <cstdio>

#include "aws/shared_data.h"

namespace sluice::aws {
namespace {

bool is_true(std::string_view object, std::string_view name) {
  return json_text(object, "." + std::string(name)) == "true";
}

EndpointSettings settings_of(const std::string& params) {
  EndpointSettings settings;
  settings.region = Region(json_text(params, ".Region").value_or(""));
  settings.endpoint_url = json_text(params, ".Endpoint").value_or("");
  settings.use_dual_stack = is_true(params, "UseDualStack");
  settings.use_fips = is_true(params, "UseFIPS");
  return settings;
}

// Why a case is about something that Sluice doesn't do; empty: it is ours.
std::string_view why_not_ours(const std::string& params) {
  const std::string bucket = json_text(params, ".Bucket").value_or("");
  if (is_true(params, "Accelerate")) return "accelerate";
  if (is_true(params, "UseGlobalEndpoint")) return "the global endpoint of old";
  if (is_true(params, "UseObjectLambdaEndpoint")) return "object lambda";
  if (json_raw(params, ".UseS3ExpressControlEndpoint") ||
      json_raw(params, ".DisableS3ExpressSessionAuth") || bucket.ends_with("--x-s3") ||
      bucket.ends_with("--xa-s3")) {
    return "S3 Express";
  }
  if (bucket.find("--op-s3") != bucket.npos) return "Outposts";
  if (bucket.empty()) return "no bucket";
  if (json_text(params, ".Region") == "snow") return "Snowball";
  return {};
}

TEST_CASE("The published cases of S3's endpoints: plain buckets, and ARNs refused") {
  const auto suite = read_shared("endpoint-rules/endpoint-rules/s3/endpoint-tests-1.json");
  if (!suite) {
    std::printf("skipped: endpoint-rules needs ../shared/data (set SLUICE_SHARED)\n");
    return;
  }
  size_t count = 0, arns = 0;
  std::map<std::string_view, size_t> passed_over;
  for (const std::string& one : json_elements(json_raw(*suite, ".testCases").value())) {
    const std::string params = json_raw(one, ".params").value();
    const std::string name = json_text(one, ".documentation").value_or("");
    CAPTURE(name);
    CAPTURE(params);
    const Bucket bucket(json_text(params, ".Bucket").value_or(""));
    EndpointSettings settings = settings_of(params);
    settings.addressing =
        is_true(params, "ForcePathStyle") ? Addressing::path : Addressing::virtual_host;
    if (bucket.view().starts_with("arn:")) {
      ++arns;
      CHECK(!bucket_endpoint(bucket, settings).ok());
      continue;
    }
    if (const std::string_view why = why_not_ours(params); !why.empty()) {
      ++passed_over[why];
      continue;
    }
    ++count;
    const auto endpoint = bucket_endpoint(bucket, settings);
    if (json_text(one, ".expect.error")) {
      CHECK(!endpoint.ok());
      continue;
    }
    REQUIRE(endpoint.ok());
    CHECK(endpoint->origin + endpoint->base_path == json_text(one, ".expect.endpoint.url").value());
    CHECK(endpoint->region.view() ==
          json_text(one, ".expect.endpoint.properties.authSchemes[0].signingRegion").value());
  }
  std::printf("endpoint-rules of s3: %zu cases, %zu ARNs refused; passed over:", count, arns);
  for (const auto& [why, cases] : passed_over) {
    std::printf(" %.*s %zu,", static_cast<int>(why.size()), why.data(), cases);
  }
  std::printf("\n");
}

TEST_CASE("The published cases of other services' endpoints") {
  for (const std::string service : {"sts", "sqs", "lambda"}) {
    const auto suite =
        read_shared("endpoint-rules/endpoint-rules/" + service + "/endpoint-tests-1.json");
    if (!suite) return;
    size_t count = 0, passed_over = 0;
    for (const std::string& one : json_elements(json_raw(*suite, ".testCases").value())) {
      const std::string params = json_raw(one, ".params").value_or("{}");
      CAPTURE(service);
      CAPTURE(params);
      const bool is_global = is_true(params, "UseGlobalEndpoint");
      const auto expected = json_text(one, ".expect.endpoint.url");
      if (is_global || !json_text(params, ".Region") || !expected) {
        ++passed_over;
        continue;
      }
      ++count;
      CHECK(service_endpoint(service, settings_of(params)).value() == *expected);
    }
    std::printf("endpoint-rules of %s: %zu cases, %zu passed over\n", service.c_str(), count,
                passed_over);
  }
}

BucketEndpoint endpoint_of(const char* bucket, EndpointSettings settings) {
  return bucket_endpoint(Bucket(bucket), settings).value();
}

TEST_CASE("Addressing is chosen by what fits: hosts for AWS, paths for others and for odd names") {
  const Region region("eu-west-1");
  CHECK(endpoint_of("lake", {region}).url(Key("a b/c")) ==
        "https://lake.s3.eu-west-1.amazonaws.com/a%20b/c");
  CHECK(endpoint_of("lake", {region}).url() == "https://lake.s3.eu-west-1.amazonaws.com/");
  CHECK(endpoint_of("my.lake", {region}).url(Key("k")) ==
        "https://s3.eu-west-1.amazonaws.com/my.lake/k");
  CHECK(endpoint_of("Lake_1", {region}).url(Key("k")) ==
        "https://s3.eu-west-1.amazonaws.com/Lake_1/k");
  CHECK(endpoint_of("lake", {region, "http://127.0.0.1:9000/"}).url(Key("/k")) ==
        "http://127.0.0.1:9000/lake//k");
  CHECK(endpoint_of("lake", {region, "http://minio.local:9000"}).url() ==
        "http://minio.local:9000/lake/");
  CHECK(endpoint_of("lake", {region, "https://r2.example", false, false, Addressing::virtual_host})
            .url() == "https://lake.r2.example/");
  CHECK(!endpoint_of("lake", {region, "http://[::1]:9000"}).is_aws);
  CHECK(endpoint_of("lake", {region, "http://[::1]:9000"}).url_of_region.empty());
  CHECK(endpoint_of("eu-west-1-lake", {region}).url_of_region ==
        "https://eu-west-1-lake.s3.{region}.amazonaws.com");
  CHECK(endpoint_of("my.lake", {Region("cn-north-1")}).url_of_region ==
        "https://s3.{region}.amazonaws.com.cn/my.lake");
  CHECK(endpoint_of("lake", {Region("cn-north-1")}).origin ==
        "https://lake.s3.cn-north-1.amazonaws.com.cn");
  CHECK(endpoint_of("lake", {Region("us-gov-west-1"), "", true, true}).origin ==
        "https://lake.s3-fips.dualstack.us-gov-west-1.amazonaws.com");
}

TEST_CASE("SSO, Secrets Manager and SSM are asked where each one's own rules say") {
  const auto host = [](std::string_view service, const char* region, std::string_view how) {
    EndpointSettings settings{Region(region)};
    settings.use_fips = how.find("fips") != how.npos;
    settings.use_dual_stack = how.find("dual") != how.npos;
    return service_endpoint(service, settings).value();
  };
  for (const std::string service : {"portal.sso", "oidc", "ssm"}) {
    CAPTURE(service);
    const std::string at = "https://" + service;
    CHECK(host(service, "eu-west-1", "") == at + ".eu-west-1.amazonaws.com");
    CHECK(host(service, "us-east-1", "fips") == at + "-fips.us-east-1.amazonaws.com");
    CHECK(host(service, "us-east-1", "dual") == at + ".us-east-1.api.aws");
    CHECK(host(service, "us-east-1", "fips dual") == at + "-fips.us-east-1.api.aws");
    CHECK(host(service, "cn-north-1", "") == at + ".cn-north-1.amazonaws.com.cn");
    CHECK(host(service, "cn-north-1", "dual") == at + ".cn-north-1.api.amazonwebservices.com.cn");
    CHECK(host(service, "us-gov-west-1", "fips") == at + ".us-gov-west-1.amazonaws.com");
    CHECK(host(service, "us-gov-west-1", "dual") == at + ".us-gov-west-1.api.aws");
    CHECK(host(service, "us-gov-west-1", "fips dual") == at + "-fips.us-gov-west-1.api.aws");
  }
  const std::string at = "https://secretsmanager";
  const auto secrets = [&](const char* region, std::string_view how) {
    return host("secretsmanager", region, how);
  };
  CHECK(secrets("us-east-1", "fips") == at + "-fips.us-east-1.amazonaws.com");
  CHECK(secrets("us-east-1", "dual") == at + ".us-east-1.amazonaws.com");
  CHECK(secrets("us-east-1", "fips dual") == at + "-fips.us-east-1.amazonaws.com");
  CHECK(secrets("cn-north-1", "dual") == at + ".cn-north-1.amazonaws.com.cn");
  CHECK(secrets("cn-north-1", "fips dual") == at + "-fips.cn-north-1.api.amazonwebservices.com.cn");
  CHECK(secrets("us-gov-west-1", "fips") == at + "-fips.us-gov-west-1.amazonaws.com");
  CHECK(secrets("us-gov-west-1", "dual") == at + ".us-gov-west-1.amazonaws.com");
  CHECK(secrets("us-iso-east-1", "dual") == at + ".us-iso-east-1.api.aws.ic.gov");
}

TEST_CASE("FIPS or dual stack with a custom endpoint is an error of every service") {
  for (const bool is_fips : {true, false}) {
    EndpointSettings settings{Region("eu-west-1"), "http://127.0.0.1:9"};
    (is_fips ? settings.use_fips : settings.use_dual_stack) = true;
    for (const char* service : {"sts", "ssm", "secretsmanager", "portal.sso"})
      CHECK(service_endpoint(service, settings).error().message.find("custom endpoint") !=
            std::string::npos);
  }
}

TEST_CASE("What can't be an endpoint is refused in one clear line") {
  const Region region("eu-west-1");
  const auto message = [](const char* bucket, EndpointSettings settings) {
    const auto endpoint = bucket_endpoint(Bucket(bucket), settings);
    REQUIRE(!endpoint.ok());
    CHECK(endpoint.error().kind == ErrorKind::invalid);
    return endpoint.error().message;
  };
  CHECK(message("arn:aws:s3:us-west-2:123456789012:accesspoint:mine", {region}) ==
        "bucket \"arn:aws:s3:us-west-2:123456789012:accesspoint:mine\": access points and other "
        "ARNs are not supported: name the bucket, or an access point's alias");
  CHECK(message("lake", {region, "127.0.0.1:9000"}) ==
        "endpoint 127.0.0.1:9000: no http:// or https:// in front; it should be like "
        "http://127.0.0.1:9000");
  CHECK(message("lake", {region, "ftp://h"}).find("neither http nor https") != std::string::npos);
  CHECK(message("lake", {Region("eu west 1")}).find("not a region's name") != std::string::npos);
  CHECK(message("", {region}) == "bucket \"\": empty");
  message("a--usw2-az1--x-s3", {region});
  message("a/b", {region});
}

TEST_CASE("Settings are asked of the options, then the environment, then the profile") {
  const Profiles profiles = parse_profiles(
                                "[default]\nregion = r-profile\nendpoint_url = http://profile\n"
                                "services = mine\ns3 =\n  addressing_style = path\n"
                                "use_dualstack_endpoint = true\n[profile bare]\n"
                                "[services mine]\ns3 =\n  endpoint_url = http://services\n",
                                "")
                                .value();
  Environment environment;
  const auto settings = [&](std::string_view service, const AwsOptions& options = {}) {
    return endpoint_settings(service, options, environment, profiles).value();
  };
  CHECK(settings("s3").region.str() == "r-profile");
  CHECK(settings("s3").endpoint_url == "http://services");
  CHECK(settings("s3").addressing == Addressing::path);
  CHECK(settings("s3").use_dual_stack);
  CHECK(settings("sts").endpoint_url == "http://profile");
  environment.variables = {{"AWS_ENDPOINT_URL", "http://env"},
                           {"AWS_DEFAULT_REGION", "r-default"},
                           {"AWS_USE_DUALSTACK_ENDPOINT", "false"}};
  CHECK(settings("s3").endpoint_url == "http://env");
  CHECK(settings("s3").region.str() == "r-default");
  CHECK(!settings("s3").use_dual_stack);
  environment.variables["AWS_REGION"] = "r-env";
  environment.variables["AWS_ENDPOINT_URL_S3"] = "http://env-s3";
  CHECK(settings("s3").endpoint_url == "http://env-s3");
  CHECK(settings("sts").endpoint_url == "http://env");
  CHECK(settings("s3").region.str() == "r-env");
  AwsOptions options;
  options.region = "r-option";
  options.endpoint_url = "http://option";
  CHECK(settings("s3", options).region.str() == "r-option");
  CHECK(settings("s3", options).endpoint_url == "http://option");
  CHECK(settings("sts", options).endpoint_url == "http://env");
  environment.variables["AWS_IGNORE_CONFIGURED_ENDPOINT_URLS"] = "true";
  CHECK(settings("s3").endpoint_url.empty());
  CHECK(settings("s3", options).endpoint_url == "http://option");

  environment.variables.clear();
  options = {};
  options.profile = "bare";
  CHECK(settings("s3", options).region.str() == "us-east-1");
  CHECK(!endpoint_settings("sts", options, environment, profiles).ok());
}

}  // namespace
TEST_CASE("AWS's own hosts are known in each partition and form, and nobody else's") {
  for (const std::string_view host :
       {"s3.amazonaws.com", "lake.s3.eu-west-1.amazonaws.com", "s3.cn-north-1.amazonaws.com.cn",
        "s3.dualstack.eu-west-1.api.aws", "s3.us-iso-east-1.c2s.ic.gov"})
    CHECK_MESSAGE(is_aws_host(host), host);
  for (const std::string_view host :
       {"", "amazonaws.com", "notamazonaws.com", "amazonaws.com.example.org", "localhost"})
    CHECK_MESSAGE(!is_aws_host(host), host);
}

}  // namespace sluice::aws
