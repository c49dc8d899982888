#include "aws/machine_credentials.h"

#include <algorithm>

#include "aws/control_call.h"
#include "base/text.h"
#include "http/host_kind.h"

namespace sluice::aws {
namespace {

// ---- containers ---

constexpr std::string_view ecs_origin = "http://169.254.170.2";

bool is_allowed(std::string_view url) {
  if (url.starts_with("https://")) return true;
  if (!url.starts_with("http://")) return false;
  std::string_view host = url.substr(7);
  host = host.substr(0, host.find_first_of("/?#"));
  if (host.find('@') != host.npos) return false;
  if (host.starts_with('[')) {
    host = host.substr(0, host.find(']') + 1);
  } else {
    host = host.substr(0, host.find(':'));
  }
  constexpr std::string_view known[] = {"169.254.170.2", "169.254.170.23", "[fd00:ec2::23]",
                                        "[::1]"};
  return host_kind(host) == HostKind::loopback ||
         std::find(std::begin(known), std::end(known), host) != std::end(known);
}

Result<std::string> container_token(const AwsSurroundings& surroundings) {
  std::string token;
  if (const auto path =
          variable(surroundings.environment, "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE")) {
    token = TRY_IN(surroundings.read_file(*path), "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE");
    while (token.ends_with('\n') || token.ends_with('\r')) token.pop_back();
  } else {
    token = variable(surroundings.environment, "AWS_CONTAINER_AUTHORIZATION_TOKEN").value_or("");
  }
  if (token.find_first_of("\r\n") != token.npos) {
    return Error{ErrorKind::invalid, "the container's authorization token has a line break"};
  }
  return token;
}

// ---- EC2 ---

constexpr uint32_t token_seconds = 21600;  // The longest there is
constexpr Nanoseconds stale_before = 900_s;

// Nothing may be listening there, and it isn't worth a long look.
constexpr Nanoseconds answer_within = 1_s;

class Instance {
 public:
  Instance(const AwsSurroundings& surroundings, std::string origin)
      : surroundings_(surroundings), origin_(std::move(origin)) {}

  // Empty: version 1 must do.
  Status fetch_token() {
    const auto made = [&] {
      HttpRequest put = request_of("/latest/api/token");
      put.method = "PUT";
      put.headers = {{"x-aws-ec2-metadata-token-ttl-seconds", std::to_string(token_seconds)}};
      return put;
    };
    const auto answer = call_patiently(surroundings_, made, {.attempts_max = 2});
    if (!answer.ok()) {
      return Error{ErrorKind::not_found, "no EC2 metadata service: " + answer.error().message};
    }
    if (answer->status == 200) {
      token_ = trim(answer->body.view());
      return {};
    }
    const auto off = variable(surroundings_.environment, "AWS_EC2_METADATA_V1_DISABLED");
    const bool is_old = answer->status == 403 || answer->status == 404 || answer->status == 405;
    if (is_old && !(off && equal_without_case(*off, "true"))) return {};
    return Error{ErrorKind::denied,
                 "the EC2 metadata service refuses a token: " + std::to_string(answer->status)};
  }

  Result<std::string> get(std::string_view path) {
    const auto made = [&] {
      HttpRequest get = request_of(path);
      if (!token_.empty()) get.headers = {{"x-aws-ec2-metadata-token", token_}};
      return get;
    };
    const HttpResponse answer = TRY_IN(call_patiently(surroundings_, made), "EC2 metadata");
    if (answer.status == 404) {
      return Error{ErrorKind::not_found, "this EC2 instance has no role"};
    }
    if (answer.status != 200) {
      const ErrorKind kind = answer.status >= 500 ? ErrorKind::transient : ErrorKind::denied;
      return Error{kind, "the EC2 metadata service answers " + std::to_string(answer.status)};
    }
    return std::string(trim(answer.body.view()));
  }

 private:
  HttpRequest request_of(std::string_view path) const {
    HttpRequest request;
    request.url = origin_ + std::string(path);
    request.first_byte_within = answer_within;
    request.deadline = now() + 2 * answer_within;
    return request;
  }

  const AwsSurroundings& surroundings_;
  const std::string origin_;
  std::string token_;
};

}  // namespace

bool has_container(const Environment& environment) {
  return variable(environment, "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI").has_value() ||
         variable(environment, "AWS_CONTAINER_CREDENTIALS_FULL_URI").has_value();
}

Result<Credentials> container_credentials(const AwsSurroundings& surroundings) {
  const Environment& environment = surroundings.environment;
  std::string url;
  if (const auto path = variable(environment, "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI")) {
    url = std::string(ecs_origin) + (path->starts_with('/') ? "" : "/") + *path;
  } else {
    url = variable(environment, "AWS_CONTAINER_CREDENTIALS_FULL_URI").value_or("");
    if (!is_allowed(url)) {
      return Error{ErrorKind::invalid,
                   "AWS_CONTAINER_CREDENTIALS_FULL_URI: neither https nor an address of ECS, EKS "
                   "or this machine"};
    }
  }
  const std::string token = TRY(container_token(surroundings));
  const auto made = [&] {
    HttpRequest get;
    get.url = url;
    get.headers = {{"accept", "application/json"}};
    if (!token.empty()) get.headers.push_back({"authorization", token});
    get.first_byte_within = 2_s;
    return get;
  };
  const std::string_view what = "the container's credentials";
  const HttpResponse answer = TRY_IN(call_patiently(surroundings, made), what);
  if (answer.status != 200) {
    const ErrorKind kind = answer.status >= 500 ? ErrorKind::transient : ErrorKind::denied;
    return Error{kind, std::string(what) + ": answered " + std::to_string(answer.status)};
  }
  return TRY_IN(parse_credentials_json(answer.body.view(), "Token"), what);
}

bool may_ask_instance(const Environment& environment) {
  const auto off = variable(environment, "AWS_EC2_METADATA_DISABLED");
  return !(off && equal_without_case(*off, "true"));
}

Result<std::string> instance_endpoint(const Environment& environment, const Profiles& profiles,
                                      std::string_view profile) {
  const auto either = [&](std::string_view name, std::string_view property) {
    const auto said = variable(environment, name);
    return said ? said : profiles.get(profile, property);
  };
  if (auto origin = either("AWS_EC2_METADATA_SERVICE_ENDPOINT", "ec2_metadata_service_endpoint")) {
    while (origin->ends_with('/')) origin->pop_back();
    if (!origin->starts_with("http://") && !origin->starts_with("https://")) {
      return Error{ErrorKind::invalid, "the EC2 metadata endpoint: " + excerpt(*origin) +
                                           ": neither http:// nor https://"};
    }
    return *origin;
  }
  const std::string mode =
      either("AWS_EC2_METADATA_SERVICE_ENDPOINT_MODE", "ec2_metadata_service_endpoint_mode")
          .value_or("IPv4");
  if (equal_without_case(mode, "IPv4")) return std::string("http://169.254.169.254");
  if (equal_without_case(mode, "IPv6")) return std::string("http://[fd00:ec2::254]");
  return Error{ErrorKind::invalid,
               "the EC2 metadata endpoint's mode: " + excerpt(mode) + ": neither IPv4 nor IPv6"};
}

Result<Credentials> instance_credentials(const AwsSurroundings& surroundings,
                                         const Profiles& profiles, std::string_view profile) {
  if (!may_ask_instance(surroundings.environment)) {
    return Error{ErrorKind::not_found, "AWS_EC2_METADATA_DISABLED is true"};
  }
  Instance instance(surroundings,
                    TRY(instance_endpoint(surroundings.environment, profiles, profile)));
  TRY(instance.fetch_token());
  const std::string folder = "/latest/meta-data/iam/security-credentials/";
  const std::string list = TRY(instance.get(folder));
  const std::string role(split(list, '\n').front());
  if (role.empty()) return Error{ErrorKind::not_found, "this EC2 instance has no role"};
  const std::string text = TRY(instance.get(folder + role));
  Credentials credentials =
      TRY_IN(parse_credentials_json(text, "Token"), "the role of this EC2 instance");
  const WallTime at = surroundings.clock->wall();
  if (credentials.expires && credentials.expires->ns - at.ns < stale_before) {
    Chance chance;
    const auto more = static_cast<Nanoseconds>(120 + chance.below(480)) * 1_s;
    credentials.expires = WallTime{at.ns + stale_before + more};
  }
  return credentials;
}

}  // namespace sluice::aws
