#include "aws/endpoint.h"

#include <algorithm>
#include <array>

#include "aws/sign.h"
#include "base/text.h"

namespace sluice::aws {
namespace {

// https://github.com/boto/botocore/blob/develop/botocore/data/partitions.json
struct Partition {
  std::string_view prefix;  // Of its regions' names; the first that fits counts
  std::string_view suffix, dual_stack_suffix;
};
constexpr std::array<Partition, 7> partitions = {{
    {"cn-", "amazonaws.com.cn", "api.amazonwebservices.com.cn"},
    {"eusc-", "amazonaws.eu", "api.amazonwebservices.eu"},
    {"us-iso-", "c2s.ic.gov", "api.aws.ic.gov"},
    {"us-isob-", "sc2s.sgov.gov", "api.aws.scloud"},
    {"eu-isoe-", "cloud.adc-e.uk", "api.cloud-aws.adc-e.uk"},
    {"us-isof-", "csp.hci.ic.gov", "api.aws.hci.ic.gov"},
    {"", "amazonaws.com", "api.aws"},
}};

const Partition& partition_of(std::string_view region) {
  return *std::find_if(partitions.begin(), partitions.end(), [&](const Partition& partition) {
    return region.starts_with(partition.prefix);
  });
}

bool is_letter_or_digit(char c) {
  return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

bool is_host_label(std::string_view label) {
  return !label.empty() && label.size() <= 63 && label.front() != '-' &&
         std::all_of(label.begin(), label.end(),
                     [](char c) { return is_letter_or_digit(c) || c == '-'; });
}

// What a bucket may be called in a host: 3 to 63 of a-z 0-9 - (and dots, over http).
bool fits_host(std::string_view bucket, bool are_dots_allowed) {
  if (bucket.size() < 3 || bucket.size() > 63) return false;
  if (!is_letter_or_digit(bucket.front()) || !is_letter_or_digit(bucket.back())) return false;
  for (const char c : bucket) {
    const bool is_fine = (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || c == '-';
    if (!is_fine && !(are_dots_allowed && c == '.')) return false;
  }
  return bucket.find("..") == bucket.npos;
}

struct CustomUrl {
  std::string scheme, host, path;  // Host with its port; path without a slash at its end
  bool is_address = false;         // An IP address can't have a bucket in front.
};

Result<CustomUrl> parse_custom(std::string_view url) {
  const auto bad = [&](std::string_view why) {
    return Error{ErrorKind::invalid, "endpoint " + excerpt(url, 200) + ": " + std::string(why) +
                                         "; it should be like http://127.0.0.1:9000"};
  };
  CustomUrl parsed;
  const size_t scheme_end = url.find("://");
  if (scheme_end == url.npos) return bad("no http:// or https:// in front");
  parsed.scheme = lower_case(url.substr(0, scheme_end));
  if (parsed.scheme != "http" && parsed.scheme != "https") return bad("neither http nor https");
  std::string_view rest = url.substr(scheme_end + 3);
  if (rest.find_first_of("?#@ ") != rest.npos) return bad("more than a host, a port and a path");
  const size_t slash = std::min(rest.find('/'), rest.size());
  parsed.host = rest.substr(0, slash);
  rest.remove_prefix(slash);
  while (rest.ends_with('/')) rest.remove_suffix(1);
  parsed.path = rest;
  const std::string_view name = std::string_view(parsed.host).substr(0, parsed.host.rfind(':'));
  if (name.empty()) return bad("no host");
  parsed.is_address = name.find_first_not_of("0123456789.") == name.npos || name.front() == '[';
  return parsed;
}

Status check_region(std::string_view region) {
  if (is_host_label(region)) return {};
  return Error{ErrorKind::invalid,
               "region \"" + excerpt(region) + "\": not a region's name, such as eu-west-1"};
}

Status check_custom(const EndpointSettings& settings) {
  if (!settings.endpoint_url.empty() && settings.use_dual_stack) {
    return Error{ErrorKind::invalid, "dual-stack and a custom endpoint don't go together"};
  }
  if (!settings.endpoint_url.empty() && settings.use_fips) {
    return Error{ErrorKind::invalid, "FIPS and a custom endpoint don't go together"};
  }
  return {};
}

Status check_flags(const EndpointSettings& settings) {
  TRY(check_custom(settings));
  if (settings.use_fips && settings.region.view().starts_with("cn-")) {
    return Error{ErrorKind::invalid, "region " + settings.region.str() + ": there is no FIPS"};
  }
  return {};
}

// `region` as it is to stand in the host.
std::string s3_host(std::string_view region, const EndpointSettings& settings) {
  std::string host = settings.use_fips ? "s3-fips." : "s3.";
  if (settings.use_dual_stack) host += "dualstack.";
  const bool is_global = region == "aws-global";
  if (!is_global) {
    host.append(region).append(".");
  } else if (settings.use_fips || settings.use_dual_stack) {
    host += "us-east-1.";
  }
  return host.append(partition_of(settings.region.view()).suffix);
}

// Where a service's own rules differ from <service>[-fips].<region>.<suffix>, as its rule set says:
// https://github.com/boto/botocore/tree/develop/botocore/data, endpoint-rule-set-1.json of each.
struct ServiceRules {
  std::string_view service;
  bool is_fips_in_gov = false;           // GovCloud's are FIPS endpoints without saying so
  bool dual_stack_is_the_usual = false;  // AWS, China, GovCloud: one host answers on both
};
constexpr std::array<ServiceRules, 6> service_rules = {{{.service = "sts", .is_fips_in_gov = true},
                                                        {.service = "sqs", .is_fips_in_gov = true},
                                                        {.service = "ssm", .is_fips_in_gov = true},
                                                        {"portal.sso", true},
                                                        {"oidc", true},
                                                        {"secretsmanager", false, true}}};

ServiceRules rules_of(std::string_view service) {
  const auto* found = std::find_if(service_rules.begin(), service_rules.end(),
                                   [&](const ServiceRules& one) { return one.service == service; });
  return found == service_rules.end() ? ServiceRules{service} : *found;
}

Status check_bucket(const Bucket& bucket) {
  const std::string_view name = bucket.view();
  const auto refuse = [&](std::string_view why) {
    return Error{ErrorKind::invalid, "bucket \"" + excerpt(name, 200) + "\": " + std::string(why)};
  };
  if (name.empty()) return refuse("empty");
  if (name.starts_with("arn:")) {
    return refuse(
        "access points and other ARNs are not supported: name the bucket, or an access point's "
        "alias");
  }
  if (name.ends_with("--x-s3") || name.ends_with("--xa-s3")) {
    return refuse("S3 Express directory buckets are not supported");
  }
  // Outposts sign for another service.
  if (name.ends_with("--op-s3")) return refuse("S3 on Outposts is not supported");
  if (name.find('/') != name.npos) return refuse("a slash");
  return {};
}

bool is_true(const std::optional<std::string>& text) {
  return text && equal_without_case(*text, "true");
}

std::string configured_url(std::string_view service, const Environment& environment,
                           const Profiles& profiles, const std::string& profile) {
  if (is_true(variable(environment, "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS")) ||
      is_true(profiles.get(profile, "ignore_configured_endpoint_urls"))) {
    return {};
  }
  std::string name = "AWS_ENDPOINT_URL_";
  for (const char c : service) {
    name += c == '-' ? '_' : c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
  }
  if (const auto url = variable(environment, name)) return *url;
  if (const auto url = variable(environment, "AWS_ENDPOINT_URL")) return *url;
  if (const auto services = profiles.get(profile, "services")) {
    const auto section = profiles.services.find(*services);
    if (section != profiles.services.end()) {
      const auto of_service = section->second.find(service);
      if (of_service != section->second.end()) {
        if (const auto url = sub_property(of_service->second, "endpoint_url")) return *url;
      }
    }
  }
  return profiles.get(profile, "endpoint_url").value_or("");
}

std::string configured_region(const AwsOptions& options, const Environment& environment,
                              const Profiles& profiles, const std::string& profile) {
  if (!options.region.empty()) return options.region;
  if (const auto region = variable(environment, "AWS_REGION")) return *region;
  if (const auto region = variable(environment, "AWS_DEFAULT_REGION")) return *region;
  return profiles.get(profile, "region").value_or("");
}

}  // namespace

Result<EndpointSettings> endpoint_settings(std::string_view service, const AwsOptions& options,
                                           const Environment& environment,
                                           const Profiles& profiles) {
  const std::string profile = profile_name(options, environment);
  EndpointSettings settings;
  std::string region = configured_region(options, environment, profiles, profile);
  if (region.empty() && service == "s3") region = "us-east-1";
  if (region.empty()) {
    return Error{ErrorKind::invalid, std::string(service) +
                                         ": no region: name one in the job, in AWS_REGION, or in "
                                         "profile " +
                                         profile};
  }
  settings.region = Region(std::move(region));
  if (service == "s3") settings.endpoint_url = options.endpoint_url;
  if (settings.endpoint_url.empty()) {
    settings.endpoint_url = configured_url(service, environment, profiles, profile);
  }
  const auto either = [&](std::string_view name, std::string_view property) {
    const auto said = variable(environment, name);
    return said ? is_true(said) : is_true(profiles.get(profile, property));
  };
  settings.use_dual_stack = either("AWS_USE_DUALSTACK_ENDPOINT", "use_dualstack_endpoint");
  settings.use_fips = either("AWS_USE_FIPS_ENDPOINT", "use_fips_endpoint");
  const std::string s3 = profiles.get(profile, "s3").value_or("");
  const std::string style = sub_property(s3, "addressing_style").value_or("");
  if (style == "path") settings.addressing = Addressing::path;
  if (style == "virtual") settings.addressing = Addressing::virtual_host;
  return settings;
}

std::string BucketEndpoint::url(const Key& key) const {
  std::string url = origin + base_path + "/";
  append_encoded_path(key.view(), url);
  return url;
}

Result<BucketEndpoint> bucket_endpoint(const Bucket& bucket, const EndpointSettings& settings) {
  TRY(check_region(settings.region.view()));
  TRY(check_bucket(bucket));
  TRY(check_flags(settings));
  const std::string& region = settings.region.str();
  CustomUrl url = {"https", s3_host(region, settings), "", false};
  const bool is_custom = !settings.endpoint_url.empty();
  if (is_custom) url = TRY(parse_custom(settings.endpoint_url));

  const bool is_usual = settings.addressing == Addressing::automatic;
  const bool is_path = settings.addressing == Addressing::path || (is_usual && is_custom) ||
                       url.is_address || !fits_host(bucket.view(), url.scheme == "http");
  BucketEndpoint endpoint;
  endpoint.is_aws = !is_custom;
  endpoint.region = Region(region == "aws-global" ? std::string("us-east-1") : region);
  endpoint.base_path = url.path;
  if (is_path) endpoint.base_path += "/" + encoded(bucket.view());
  const std::string in_front = url.scheme + "://" + (is_path ? "" : bucket.str() + ".");
  endpoint.origin = in_front + url.host;
  if (!is_custom) {
    endpoint.url_of_region = in_front + s3_host("{region}", settings) + endpoint.base_path;
  }
  return endpoint;
}

Result<std::string> service_endpoint(std::string_view service, const EndpointSettings& settings) {
  TRY(check_region(settings.region.view()));
  TRY(check_custom(settings));
  if (!settings.endpoint_url.empty()) {
    const CustomUrl url = TRY(parse_custom(settings.endpoint_url));
    return url.scheme + "://" + url.host + url.path;
  }
  const std::string_view region = settings.region.view();
  const Partition& partition = partition_of(region);
  std::string host(service);
  // STS's own endpoint without a region signs for us-east-1.
  if (region == "aws-global") return "https://" + host + "." + std::string(partition.suffix);
  const ServiceRules rules = rules_of(service);
  const bool is_gov = region.starts_with("us-gov-"), is_china = region.starts_with("cn-");
  const bool is_fips_anyway = rules.is_fips_in_gov && is_gov && !settings.use_dual_stack;
  if (settings.use_fips && !is_fips_anyway) host += "-fips";
  host.append(".").append(region).append(".");
  const bool is_usual = rules.dual_stack_is_the_usual &&
                        (partition.suffix == "amazonaws.com" || (is_china && !settings.use_fips));
  const bool is_dual_stack = settings.use_dual_stack && !is_usual;
  host.append(is_dual_stack ? partition.dual_stack_suffix : partition.suffix);
  return "https://" + host;
}

bool is_aws_host(std::string_view host) {
  const auto lies_below = [&](std::string_view suffix) {
    return host.ends_with(suffix) && host.substr(0, host.size() - suffix.size()).ends_with('.');
  };
  return std::any_of(partitions.begin(), partitions.end(), [&](const Partition& partition) {
    return lies_below(partition.suffix) || lies_below(partition.dual_stack_suffix);
  });
}

}  // namespace sluice::aws
