#include "aws/credential_chain.h"

#include <algorithm>

#include "aws/control_call.h"
#include "aws/endpoint.h"
#include "aws/machine_credentials.h"
#include "aws/process.h"
#include "aws/sso.h"
#include "aws/sts.h"
#include "base/text.h"

namespace sluice::aws {
namespace {

using Found = std::optional<Credentials>;  // Nothing: the next in the chain is asked.

class Chain {
 public:
  Chain(const AwsOptions& options, const AwsSurroundings& surroundings, const Profiles& profiles)
      : options_(options),
        surroundings_(surroundings),
        profiles_(profiles),
        profile_(profile_name(options, surroundings.environment)) {}

  Result<Credentials> find() {
    Credentials found = TRY(find_base());
    if (options_.role_arn.empty()) return found;
    RoleRequest request;
    request.role_arn = options_.role_arn;
    request.external_id = options_.role_external_id;
    request.session_name = options_.role_session_name;
    return assume_role(request, found, sts(), surroundings_);
  }

 private:
  Result<Credentials> find_base() {
    if (options_.profile.empty()) {
      if (Found found = TRY(from_environment())) return *found;
    }
    if (has_role(profile_)) return from_role(profile_);
    if (options_.profile.empty()) {
      if (Found found = TRY(from_web_identity_of_environment())) return *found;
    }
    if (Found found = TRY(from_profile_itself(profile_))) return *found;
    if (has_container(environment())) return container_credentials(surroundings_);
    Result<Credentials> machine = instance_credentials(surroundings_, profiles_, profile_);
    if (machine.ok() || machine.error().kind != ErrorKind::not_found) return machine;
    return Error{ErrorKind::denied,
                 "no AWS credentials: none in the environment, none in profile " + profile_ +
                     ", and no role of this machine (" + machine.error().message +
                     "): set AWS_PROFILE, or AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY"};
  }

  const Environment& environment() const { return surroundings_.environment; }

  Error bad(std::string_view profile, std::string_view why) const {
    return Error{ErrorKind::invalid, "profile " + std::string(profile) + ": " + std::string(why)};
  }

  // ---- the environment ---

  Result<Found> from_environment() const {
    const auto id = variable(environment(), "AWS_ACCESS_KEY_ID");
    const auto secret = variable(environment(), "AWS_SECRET_ACCESS_KEY");
    if (!id && !secret) return Found();
    if (!id || !secret) {
      return Error{ErrorKind::invalid,
                   std::string(id ? "AWS_ACCESS_KEY_ID" : "AWS_SECRET_ACCESS_KEY") +
                       " is set and " + (id ? "AWS_SECRET_ACCESS_KEY" : "AWS_ACCESS_KEY_ID") +
                       " isn't"};
    }
    return Found(
        Credentials{*id, *secret, variable(environment(), "AWS_SESSION_TOKEN").value_or("")});
  }

  Result<Found> from_web_identity_of_environment() const {
    const auto path = variable(environment(), "AWS_WEB_IDENTITY_TOKEN_FILE");
    if (!path) return Found();
    const auto role = variable(environment(), "AWS_ROLE_ARN");
    if (!role) {
      return Error{ErrorKind::invalid, "AWS_WEB_IDENTITY_TOKEN_FILE is set and AWS_ROLE_ARN isn't"};
    }
    RoleRequest request;
    request.role_arn = *role;
    request.session_name = variable(environment(), "AWS_ROLE_SESSION_NAME").value_or("");
    return Found(TRY(from_web_identity(request, *path)));
  }

  Result<Credentials> from_web_identity(const RoleRequest& request, const std::string& path) const {
    const std::string token = TRY_IN(surroundings_.read_file(path), "the web identity token");
    return assume_role_with_web_identity(request, trim(token), sts(), surroundings_);
  }

  // STS where the profile and the environment say; without a region the one that knows all.
  EndpointSettings sts() const {
    auto settings = endpoint_settings("sts", options_, environment(), profiles_);
    if (settings.ok()) return *settings;
    AwsOptions options = options_;
    options.region = "us-east-1";
    return endpoint_settings("sts", options, environment(), profiles_).value();
  }

  // ---- profiles ---

  bool has_role(const std::string& profile) const {
    return profiles_.get(profile, "role_arn") || profiles_.get(profile, "web_identity_token_file");
  }

  Result<Credentials> from_role(const std::string& profile) {
    RoleRequest request;
    request.role_arn = profiles_.get(profile, "role_arn").value_or("");
    request.session_name = profiles_.get(profile, "role_session_name").value_or("");
    request.external_id = profiles_.get(profile, "external_id").value_or("");
    request.duration_seconds = profiles_.get(profile, "duration_seconds").value_or("");
    if (request.role_arn.empty()) {
      return bad(profile, "web_identity_token_file was specified but role_arn was missing");
    }
    if (const auto path = profiles_.get(profile, "web_identity_token_file")) {
      return from_web_identity(request, expand_home(*path, environment()));
    }
    if (profiles_.get(profile, "mfa_serial")) {
      return bad(profile,
                 "its role wants a one-time code (mfa_serial), and nobody is here to type "
                 "it: get a session with the AWS CLI");
    }
    const auto source = profiles_.get(profile, "source_profile");
    const auto other = profiles_.get(profile, "credential_source");
    if (source && other) return bad(profile, "both source_profile and credential_source");
    if (!source && !other) {
      return bad(profile, "role_arn needs source_profile or credential_source");
    }
    const Credentials with =
        TRY_IN(source ? from_source_profile(profile, *source) : from_credential_source(*other),
               "profile " + profile);
    return TRY_IN(assume_role(request, with, sts(), surroundings_), "profile " + profile);
  }

  Result<Credentials> from_source_profile(const std::string& profile, const std::string& source) {
    if (!profiles_.has(source)) return bad(source, "is a source_profile, and isn't there");
    // Keys of its own count before a role of its own, and so a profile may be its own source.
    if (profiles_.get(source, "aws_access_key_id") ||
        profiles_.get(source, "aws_secret_access_key")) {
      if (Found found = TRY(from_profile_itself(source))) return *found;
    }
    asked_.push_back(profile);
    const bool is_loop = std::find(asked_.begin(), asked_.end(), source) != asked_.end();
    if (!is_loop && has_role(source)) return from_role(source);
    if (is_loop && source != profile) return bad(source, "source_profile goes round in circles");
    if (Found found = TRY(from_profile_itself(source))) return *found;
    return bad(source, "is a source_profile, and has no credentials");
  }

  Result<Credentials> from_credential_source(const std::string& source) {
    if (source == "Environment") {
      if (Found found = TRY(from_environment())) return *found;
      return Error{ErrorKind::denied,
                   "credential_source = Environment: AWS_ACCESS_KEY_ID isn't "
                   "set"};
    }
    if (source == "EcsContainer") {
      if (has_container(environment())) return container_credentials(surroundings_);
      return Error{ErrorKind::denied,
                   "credential_source = EcsContainer: this is no container of "
                   "ECS or EKS"};
    }
    if (source == "Ec2InstanceMetadata") {
      auto found = instance_credentials(surroundings_, profiles_, profile_);
      if (!found.ok() && found.error().kind == ErrorKind::not_found) {
        return Error{ErrorKind::denied, found.error().message};
      }
      return found;
    }
    return Error{ErrorKind::invalid, "credential_source = " + excerpt(source) +
                                         ": not Environment, EcsContainer or Ec2InstanceMetadata"};
  }

  // What a profile has without assuming a role.
  Result<Found> from_profile_itself(const std::string& profile) {
    if (has_sso(profiles_, profile)) {
      return Found(TRY(sso_credentials(profiles_, profile, surroundings_)));
    }
    const auto id = profiles_.get(profile, "aws_access_key_id");
    const auto secret = profiles_.get(profile, "aws_secret_access_key");
    if (id && secret) {
      std::string token = profiles_.get(profile, "aws_session_token").value_or("");
      // Of old.
      if (token.empty()) token = profiles_.get(profile, "aws_security_token").value_or("");
      return Found(Credentials{*id, *secret, std::move(token)});
    }
    if (id || secret) {
      return bad(profile, id ? "aws_access_key_id without aws_secret_access_key"
                             : "aws_secret_access_key without aws_access_key_id");
    }
    if (const auto command = profiles_.get(profile, "credential_process")) {
      return Found(TRY_IN(from_process(*command), "profile " + profile + ": credential_process"));
    }
    return Found();
  }

  Result<Credentials> from_process(const std::string& command) const {
    if (!surroundings_.run_process) {
      return Error{ErrorKind::invalid, "programs can't be run here"};
    }
    const std::vector<std::string> words = TRY(split_words(command));
    const std::string output = TRY(surroundings_.run_process(words));
    const auto version = json_fields(output, {".Version"});
    if (!version.ok()) return Error{ErrorKind::denied, words[0] + ": what it prints is not JSON"};
    if ((*version)[0] != "1") {
      return Error{ErrorKind::denied, words[0] + ": what it prints has no \"Version\": 1"};
    }
    return TRY_IN(parse_credentials_json(output, "SessionToken"), words[0]);
  }

  const AwsOptions& options_;
  const AwsSurroundings& surroundings_;
  const Profiles& profiles_;
  const std::string profile_;
  std::vector<std::string> asked_;  // Profiles whose roles lead here
};

}  // namespace

Result<Credentials> find_credentials(const AwsOptions& options,
                                     const AwsSurroundings& surroundings) {
  const Profiles profiles = TRY(read_profiles(options, surroundings));
  return Chain(options, surroundings, profiles).find();
}

}  // namespace sluice::aws
