// Where requests go: the URL of a bucket, and of AWS's other services, and the region that requests
// are signed for. Pure.
//
// Plain buckets on virtual hosts or paths, dual-stack, FIPS, all partitions (China, GovCloud, ...),
// and custom endpoints. Access points and other ARNs, and S3 Express, are refused.
#pragma once

#include <string>
#include <string_view>

#include "aws/surroundings.h"
#include "base/names.h"
#include "base/result.h"

namespace sluice::aws {

// Where a bucket's name goes. automatic: into the host, but into the path for custom endpoints, and
// for names that no certificate or host fits (dots over https, capitals).
enum class Addressing : uint8_t { automatic, path, virtual_host };

// What is known of a service's place before a bucket is.
struct EndpointSettings {
  Region region;             // Never empty once resolved
  std::string endpoint_url;  // Custom; empty: AWS's own
  bool use_dual_stack = false;
  bool use_fips = false;
  Addressing addressing = Addressing::automatic;
};

// From the options, AWS_ENDPOINT_URL_<SERVICE>, AWS_ENDPOINT_URL, the profile's services section
// and endpoint_url (both off with AWS_IGNORE_CONFIGURED_ENDPOINT_URLS); AWS_REGION,
// AWS_DEFAULT_REGION, the profile's region; AWS_USE_DUALSTACK_ENDPOINT, AWS_USE_FIPS_ENDPOINT and
// their properties; the profile's addressing_style. `service` as in "s3", "sts". The options'
// endpoint is S3's alone. Without any region: S3 takes us-east-1, and answers tell where a bucket
// is; for others `invalid`.
Result<EndpointSettings> endpoint_settings(std::string_view service, const AwsOptions& options,
                                           const Environment& environment,
                                           const Profiles& profiles);

struct BucketEndpoint {
  std::string origin;     // "https://lake.s3.eu-west-1.amazonaws.com": scheme, host, port
  std::string base_path;  // "", or "/lake": encoded; a key follows as "/" and append_encoded_path
  Region region;          // To sign for
  bool is_aws = true;     // Not a custom endpoint
  // origin + base_path with "{region}" for the region, for when S3 has said where the bucket really
  // is. Empty for custom endpoints.
  std::string url_of_region;

  bool is_https() const { return origin.starts_with("https:"); }
  std::string url(const Key& key) const;
  // Of the bucket itself, for listings: ends with "/".
  std::string url() const { return origin + base_path + "/"; }
};
// `invalid`: an ARN, a region or endpoint that can't be, FIPS where there is none.
Result<BucketEndpoint> bucket_endpoint(const Bucket& bucket, const EndpointSettings& settings);

// One of AWS's own hosts, of whatever partition and form. `host` in lower case.
bool is_aws_host(std::string_view host);

// "https://sts.eu-west-1.amazonaws.com", of a service with regional endpoints of the usual form.
Result<std::string> service_endpoint(std::string_view service, const EndpointSettings& settings);

}  // namespace sluice::aws
