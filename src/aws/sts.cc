#include "aws/sts.h"

#include "aws/control_call.h"
#include "aws/error.h"
#include "aws/sign.h"
#include "aws/xml.h"
#include "base/text.h"
#include "base/time.h"

namespace sluice::aws {
namespace {

std::string form_of(std::string_view action, const RoleRequest& request, WallTime at) {
  std::string form;
  const auto add = [&](std::string_view name, std::string_view value) {
    if (value.empty()) return;
    if (!form.empty()) form += '&';
    form.append(name).append("=");
    append_encoded(value, form);
  };
  add("Action", action);
  add("Version", "2011-06-15");
  add("RoleArn", request.role_arn);
  add("RoleSessionName", request.session_name.empty()
                             ? "sluice-" + std::to_string(at.ns / 1'000'000'000)
                             : request.session_name);
  add("ExternalId", request.external_id);
  add("DurationSeconds", request.duration_seconds);
  return form;
}

Result<Credentials> read_credentials(const HttpResponse& response, std::string_view result,
                                     WallTime at) {
  if (response.status != 200 || has_error(response.body.view())) {
    Failure failure = classify(response, at);
    // A role that isn't there or a token that isn't valid can't be told from one that is denied.
    if (failure.error.kind == ErrorKind::invalid) failure.error.kind = ErrorKind::denied;
    return std::move(failure.error);
  }
  const XmlDocument document = TRY(XmlDocument::parse(response.body.view()));
  const XmlElement found = document.root().child(result).child("Credentials");
  Credentials credentials = {std::string(trim(found.text("AccessKeyId"))),
                             std::string(trim(found.text("SecretAccessKey"))),
                             std::string(trim(found.text("SessionToken"))),
                             parse_time(trim(found.text("Expiration")))};
  if (credentials.access_key_id.empty() || credentials.secret_access_key.empty()) {
    return Error{ErrorKind::corrupt, "the answer of STS has no credentials"};
  }
  return credentials;
}

HttpRequest post_of(const std::string& url, std::string_view form) {
  HttpRequest post;
  post.method = "POST";
  post.url = url + "/";
  post.headers = {{"content-type", "application/x-www-form-urlencoded"}};
  post.body = form;
  return post;
}

}  // namespace

Result<Credentials> assume_role(const RoleRequest& request, const Credentials& with,
                                const EndpointSettings& sts, const AwsSurroundings& surroundings) {
  const std::string what = "assume role " + request.role_arn;
  const std::string url = TRY_IN(service_endpoint("sts", sts), what);
  const std::string form = form_of("AssumeRole", request, surroundings.clock->wall());
  SigningKeys keys;
  const auto make = [&] {
    HttpRequest post = post_of(url, form);
    const bool is_global = sts.region.view() == "aws-global";
    sign(post,
         SigningScope::of("sts", is_global ? "us-east-1" : sts.region.view(),
                          surroundings.clock->wall()),
         with, keys);
    return post;
  };
  const HttpResponse response = TRY_IN(call_patiently(surroundings, make), what);
  return TRY_IN(read_credentials(response, "AssumeRoleResult", surroundings.clock->wall()), what);
}

Result<Credentials> assume_role_with_web_identity(const RoleRequest& request,
                                                  std::string_view token,
                                                  const EndpointSettings& sts,
                                                  const AwsSurroundings& surroundings) {
  const std::string what = "assume role " + request.role_arn + " with web identity";
  const std::string url = TRY_IN(service_endpoint("sts", sts), what);
  std::string form = form_of("AssumeRoleWithWebIdentity", request, surroundings.clock->wall());
  form += "&WebIdentityToken=";
  append_encoded(token, form);
  const HttpResponse response =
      TRY_IN(call_patiently(surroundings, [&] { return post_of(url, form); }), what);
  return TRY_IN(
      read_credentials(response, "AssumeRoleWithWebIdentityResult", surroundings.clock->wall()),
      what);
}

}  // namespace sluice::aws
