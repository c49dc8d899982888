#include "aws/secrets.h"

#include <algorithm>
#include <array>
#include <initializer_list>

#include "aws/control_call.h"
#include "aws/endpoint.h"
#include "aws/error.h"
#include "aws/sign.h"
#include "base/text.h"
#include "json/scan.h"
#include "json/value.h"

namespace sluice::aws {
namespace {

// Secrets Manager's limit is 64 KiB, escaped at the most six times as long.
constexpr uint64_t answer_bytes_max = 1 << 20;
// They are read once, before anything else is done.
constexpr Patience patience = {.attempts_max = 6, .pause_most = 5_s};

// "arn:aws:ssm:eu-west-1:111122223333:parameter/x": its region; empty where there is none.
std::string region_of(std::string_view id) {
  const auto words = split(id, ':');
  return id.starts_with("arn:") && words.size() > 5 ? std::string(words[3]) : std::string();
}

bool is_one_of(std::string_view code, std::initializer_list<std::string_view> codes) {
  return std::find(codes.begin(), codes.end(), code) != codes.end();
}

// What classify() can't know of these services.
Error error_of(Failure failure, const std::string& url, const Region& region) {
  Error& error = failure.error;
  if (failure.code.empty() && error.kind == ErrorKind::invalid) {
    error.message = std::to_string(failure.status) + ": no such service answers at " + url +
                    "; check the endpoint";
  } else if (is_one_of(failure.code, {"ResourceNotFoundException", "ParameterNotFound",
                                      "ParameterVersionNotFound"})) {
    error.kind = ErrorKind::invalid;
    error.message += "; check the name, and the region " + region.str();
  } else if (is_one_of(failure.code, {"DecryptionFailure", "InvalidKeyId"})) {
    error.kind = ErrorKind::denied;
    error.message += "; allow kms:Decrypt with its key";
  } else if (is_one_of(failure.code, {"AccessDeniedException", "AccessDenied"})) {
    error.message += "; `plan --iam` prints the policy";
  }
  return std::move(error);
}

}  // namespace

struct SecretReader::Call {
  std::string_view what;     // "secret"
  std::string_view service;  // In hosts and signatures
  std::string_view config;   // In AWS_ENDPOINT_URL_<...> and in profiles
  std::string_view target;   // X-Amz-Target
  std::string_view id;       // For region and messages
  std::string body;
  std::array<std::string_view, 2>
      fields;  // Of the answer: the text, and what tells of another kind
};

SecretReader::SecretReader(AwsSurroundings surroundings, CredentialSource& credentials)
    : surroundings_(std::move(surroundings)), credentials_(credentials) {}

Result<std::string> SecretReader::secret(std::string_view id) {
  return ask({.what = "secret",
              .service = "secretsmanager",
              .config = "secrets_manager",
              .target = "secretsmanager.GetSecretValue",
              .id = id,
              .body = R"({"SecretId":)" + json::quote(id) + "}",
              .fields = {".SecretString", ".SecretBinary"}});
}

Result<std::string> SecretReader::parameter(std::string_view name) {
  return ask({.what = "parameter",
              .service = "ssm",
              .config = "ssm",
              .target = "AmazonSSM.GetParameter",
              .id = name,
              .body = R"({"Name":)" + json::quote(name) + R"(,"WithDecryption":true})",
              .fields = {".Parameter.Value", ".Parameter.Type"}});
}

Result<std::string> SecretReader::ask(const Call& call) {
  const std::string what = std::string(call.what) + " " + excerpt(call.id, 200);
  const AwsOptions options = {.region = region_of(call.id)};
  const Profiles profiles = TRY_IN(read_profiles(options, surroundings_), what);
  const EndpointSettings settings =
      TRY_IN(endpoint_settings(call.config, options, surroundings_.environment, profiles), what);
  const std::string url = TRY_IN(service_endpoint(call.service, settings), what);
  Nanoseconds clock_offset = 0;
  SigningKeys keys;
  for (int attempt = 1;; ++attempt) {
    const Credentials credentials = TRY_IN(credentials_.get(), what);
    const auto make = [&] {
      HttpRequest post;
      post.method = "POST";
      post.url = url + "/";
      post.headers = {{"content-type", "application/x-amz-json-1.1"},
                      {"x-amz-target", std::string(call.target)}};
      post.body = call.body;
      post.body_most = answer_bytes_max;
      const WallTime at = {surroundings_.clock->wall().ns + clock_offset};
      sign(post, SigningScope::of(call.service, settings.region.view(), at), credentials, keys);
      return post;
    };
    const HttpResponse response = TRY_IN(call_patiently(surroundings_, make, patience), what);
    if (response.status == 200) {
      const auto fields = json_fields(response.body.view(), {call.fields[0], call.fields[1]});
      if (fields.ok() && !(*fields)[0].empty()) return (*fields)[0];
      const bool is_binary =
          fields.ok() && call.service == "secretsmanager" && !(*fields)[1].empty();
      return Error{ErrorKind::invalid,
                   what + (is_binary ? ": it is binary, and a text was expected"
                                     : ": an answer without a value from " + url)};
    }
    Failure failure = classify(response, surroundings_.clock->wall());
    const bool is_curable = failure.wants_new_credentials || failure.clock_offset;
    if (attempt > 1 || !is_curable) {
      return error_of(std::move(failure), url, settings.region).in(what);
    }
    if (failure.clock_offset) clock_offset = *failure.clock_offset;
    if (failure.wants_new_credentials) credentials_.refuse(credentials);
  }
}

Result<std::string> secret_member(std::string_view secret, std::string_view key) {
  json::Scanner scanner({json::Path{{json::Step::member(key)}}});
  if (!scanner.scan(secret) || json::kind(scanner.value()) != json::Kind::object)
    return Error{ErrorKind::invalid, "not a JSON object, so it has no key " + excerpt(key)};
  const auto raw = scanner.raw(0);
  if (!raw) return Error{ErrorKind::invalid, "it has no key " + excerpt(key)};
  auto text = json::as_text(*raw);
  if (text) return std::move(*text);
  return Error{ErrorKind::invalid,
               "its key " + excerpt(key) + " is " +
                   (*raw == "\"\""
                        ? std::string("empty")
                        : std::string(json::describe(json::kind(*raw))) + "; a text was expected")};
}

}  // namespace sluice::aws
