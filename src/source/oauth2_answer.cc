#include "source/oauth2_answer.h"

#include <algorithm>
#include <array>
#include <string_view>
#include <vector>

#include "aws/control_call.h"
#include "base/text.h"
#include "http/retry_after.h"

namespace sluice {
namespace {

constexpr size_t told_bytes_max = 300;
// Of an `expires_in`, so that no clock overflows: 100 years.
constexpr int64_t life_seconds_max = int64_t{100} * 365 * 86'400;

std::optional<Nanoseconds> life_of(std::string_view text) {
  text = text.substr(0, text.find('.'));  // Some say 3599.0.
  const auto seconds = parse_number<int64_t>(text);
  if (!seconds) return std::nullopt;
  return std::clamp<int64_t>(*seconds, 0, life_seconds_max) * 1_s;
}

// RFC 6749 5.2, and what servers add to it.
ErrorKind kind_of(std::string_view error, int status) {
  if (error == "temporarily_unavailable" || error == "server_error") return ErrorKind::transient;
  if (error == "slow_down" || status == 429) return ErrorKind::throttled;
  if (status >= 500) return ErrorKind::transient;
  constexpr std::array<std::string_view, 4> denials = {"invalid_client", "invalid_grant",
                                                       "unauthorized_client", "access_denied"};
  const bool is_denial = std::find(denials.begin(), denials.end(), error) != denials.end();
  return is_denial || status == 401 || status == 403 ? ErrorKind::denied : ErrorKind::invalid;
}

std::string advice(std::string_view error, int status, const Oauth2Options& options) {
  const bool in_body = options.auth_in == Oauth2Options::AuthIn::body;
  if (error == "invalid_client" || (error.empty() && status == 401)) {
    return "check client_id and client_secret, or try auth_in: " +
           std::string(in_body ? "header" : "body");
  }
  if (error == "invalid_grant" && options.grant == "refresh_token") {
    const std::string& file = options.refresh_token_file;
    return "the refresh token has ended or was used before: get a new one" +
           (file.empty() ? std::string() : ", and put it into " + file);
  }
  if (error == "invalid_scope") return "check scope";
  if (error == "unsupported_grant_type" || error == "unauthorized_client") return "check grant";
  if (status / 100 == 3 || status == 404 || status == 405) return "check token_url";
  return {};
}

// The answer's fields; nothing where it is no JSON object.
std::vector<std::string> fields_of(std::string_view body) {
  auto fields = aws::json_fields(body, {".access_token", ".expires_in", ".refresh_token", ".error",
                                        ".error_description", ".message", ".id_token"});
  return fields.ok() ? std::move(*fields) : std::vector<std::string>(7);
}

TokenRefusal refusal_of(const HttpResponse& response, const std::vector<std::string>& fields,
                        const Oauth2Options& options, WallTime at) {
  const std::string& error = fields[3];
  std::string_view told = fields[4].empty() ? fields[5] : fields[4];
  while (told.ends_with('.')) told.remove_suffix(1);
  TokenRefusal refusal;
  refusal.error.kind = kind_of(error, response.status);
  std::string& message = refusal.error.message;
  message = std::to_string(response.status);
  if (!error.empty()) message += " " + excerpt(error);
  if (!told.empty()) message += ": " + excerpt(told, told_bytes_max);
  if (error.empty() && told.empty() && response.status / 100 == 2)
    message += ": an answer without an access_token; check token_url";
  if (const auto what = advice(error, response.status, options); !what.empty())
    message += "; " + what;
  refusal.may_pass =
      refusal.error.kind == ErrorKind::transient || refusal.error.kind == ErrorKind::throttled;
  refusal.retry_after = retry_after(response.headers, at);
  return refusal;
}

}  // namespace

Result<Granted> read_token_answer(const Result<HttpResponse>& response,
                                  const Oauth2Options& options, WallTime at, Secrets secrets,
                                  TokenRefusal& refusal) {
  if (!response.ok()) {
    refusal = {response.error(), response.error().kind == ErrorKind::transient};
    return refusal.error;
  }
  const std::vector<std::string> fields = fields_of(response->body.view());
  // Some say 200 and then what is wrong.
  if (response->status / 100 != 2 || fields[0].empty()) {
    refusal = refusal_of(*response, fields, options, at);
    return refusal.error;
  }
  Granted granted{fields[0], fields[2], life_of(fields[1])};
  // Before anybody can say them. Also other fields of an answer let somebody in (id_token).
  secrets.add("access_token", granted.access_token, Secrets::Life::passing);
  secrets.add("refresh_token", granted.refresh_token, Secrets::Life::passing);
  secrets.add("id_token", fields[6], Secrets::Life::passing);
  return granted;
}

bool names_an_error(const HttpResponse& response) {
  return !fields_of(response.body.view())[3].empty();
}

}  // namespace sluice
