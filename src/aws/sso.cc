#include "aws/sso.h"

#include "aws/control_call.h"
#include "aws/endpoint.h"
#include "aws/error.h"
#include "aws/sign.h"
#include "base/digest.h"
#include "base/text.h"
#include "base/time.h"
#include "json/value.h"

namespace sluice::aws {
namespace {

// A token that ends sooner is renewed, if it can be.
constexpr Nanoseconds renewed_before = 900_s;

struct Session {
  std::string profile, account, role, region, start_url;
  std::string name = {};  // Of the [sso-session]; empty: of old, without a refresh token
  std::string cache_path = {};
};

Error wants_login(const Session& session, std::string_view why) {
  return Error{ErrorKind::denied, "profile " + session.profile + ": " + std::string(why) +
                                      ": run  aws sso login --profile " + session.profile};
}

Result<Session> find_session(const Profiles& profiles, std::string_view profile,
                             const Environment& environment) {
  Session session;
  session.profile = profile;
  const auto need = [&](std::string_view property) -> Result<std::string> {
    if (auto value = profiles.get(profile, property)) return *value;
    return Error{ErrorKind::invalid,
                 "profile " + session.profile + ": no " + std::string(property)};
  };
  session.account = TRY(need("sso_account_id"));
  session.role = TRY(need("sso_role_name"));
  if (const auto name = profiles.get(profile, "sso_session")) {
    session.name = *name;
    const auto section = profiles.sso_sessions.find(*name);
    if (section == profiles.sso_sessions.end()) {
      return Error{ErrorKind::invalid,
                   "profile " + session.profile + ": there is no [sso-session " + *name + "]"};
    }
    const auto of_section = [&](std::string_view property) {
      const auto found = section->second.find(property);
      return found == section->second.end() ? std::string() : found->second;
    };
    session.region = of_section("sso_region");
    session.start_url = of_section("sso_start_url");
    if (session.region.empty() || session.start_url.empty()) {
      return Error{ErrorKind::invalid, "[sso-session " + *name +
                                           "]: needs sso_region and "
                                           "sso_start_url"};
    }
  } else {
    session.region = TRY(need("sso_region"));
    session.start_url = TRY(need("sso_start_url"));
  }
  const std::string& hashed = session.name.empty() ? session.start_url : session.name;
  session.cache_path = expand_home("~/.aws/sso/cache/" + hex(sha1(hashed)) + ".json", environment);
  return session;
}

struct Token {
  std::string access, refresh, client_id, client_secret;
  std::optional<WallTime> expires, registration_expires;
  std::string start_url, region, registration_expires_text;
};

Result<Token> read_token(const Session& session, const AwsSurroundings& surroundings) {
  const auto text = surroundings.read_file(session.cache_path);
  if (!text.ok()) return wants_login(session, "nobody has logged in");
  const auto fields =
      json_fields(*text, {".accessToken", ".expiresAt", ".refreshToken", ".clientId",
                          ".clientSecret", ".registrationExpiresAt", ".startUrl", ".region"});
  if (!fields.ok() || (*fields)[0].empty()) {
    return wants_login(session, "the cached session can't be read");
  }
  Token token;
  token.access = (*fields)[0];
  token.expires = parse_time((*fields)[1]);
  token.refresh = (*fields)[2];
  token.client_id = (*fields)[3];
  token.client_secret = (*fields)[4];
  token.registration_expires_text = (*fields)[5];
  token.registration_expires = parse_time((*fields)[5]);
  token.start_url = (*fields)[6];
  token.region = (*fields)[7];
  return token;
}

// What the AWS CLI writes there; so that it, and we the next time, find the renewed one.
std::string cache_text(const Token& token) {
  std::string text;
  const auto add = [&](std::string_view name, std::string_view value) {
    if (value.empty()) return;
    text += text.empty() ? "{" : ", ";
    json::append_quoted(name, text);
    text += ": ";
    json::append_quoted(value, text);
  };
  add("startUrl", token.start_url);
  add("region", token.region);
  add("accessToken", token.access);
  add("expiresAt", token.expires ? format_rfc3339(*token.expires) : "");
  add("clientId", token.client_id);
  add("clientSecret", token.client_secret);
  add("registrationExpiresAt", token.registration_expires_text);
  add("refreshToken", token.refresh);
  return text + "}";
}

// `service`: its name in AWS_ENDPOINT_URL_<...> and in profiles; where one is named there the
// session's token goes there and nowhere else.
Result<std::string> origin_of(std::string_view service, std::string_view host,
                              const Session& session, const Profiles& profiles,
                              const Environment& environment) {
  AwsOptions options;
  options.profile = session.profile;
  options.region = session.region;
  return service_endpoint(host, TRY(endpoint_settings(service, options, environment, profiles)));
}

Status renew(const Session& session, const Profiles& profiles, const AwsSurroundings& surroundings,
             Token& token) {
  const WallTime at = surroundings.clock->wall();
  const bool can_renew = !session.name.empty() && !token.refresh.empty() &&
                         !token.client_id.empty() && !token.client_secret.empty() &&
                         (!token.registration_expires || at < *token.registration_expires);
  if (!can_renew) return wants_login(session, "the session has ended");
  std::string body = "{\"grantType\":\"refresh_token\",\"clientId\":";
  json::append_quoted(token.client_id, body);
  body += ",\"clientSecret\":";
  json::append_quoted(token.client_secret, body);
  body += ",\"refreshToken\":";
  json::append_quoted(token.refresh, body);
  body += "}";
  const std::string url =
      TRY(origin_of("sso_oidc", "oidc", session, profiles, surroundings.environment));
  const auto made = [&] {
    HttpRequest post;
    post.method = "POST";
    post.url = url + "/token";
    post.headers = {{"content-type", "application/json"}};
    post.body = body;
    return post;
  };
  const HttpResponse answer = TRY_IN(call_patiently(surroundings, made), "renew the SSO session");
  if (answer.status != 200) {
    if (answer.status >= 500) return classify(answer, at).error;
    return wants_login(session, "the session can't be renewed");
  }
  const std::vector<std::string> fields =
      TRY_IN(json_fields(answer.body.view(), {".accessToken", ".expiresIn", ".refreshToken"}),
             "renew the SSO session");
  const auto seconds = parse_number<int64_t>(fields[1]);
  if (fields[0].empty() || !seconds) return wants_login(session, "the session can't be renewed");
  token.access = fields[0];
  token.expires = WallTime{at.ns + *seconds * 1'000'000'000};
  if (!fields[2].empty()) token.refresh = fields[2];
  if (surroundings.write_file) {
    // Without it the next run renews once more; that is all.
    (void)surroundings.write_file(session.cache_path, cache_text(token));
  }
  return {};
}

}  // namespace

bool has_sso(const Profiles& profiles, std::string_view profile) {
  return profiles.get(profile, "sso_account_id") && profiles.get(profile, "sso_role_name");
}

Result<Credentials> sso_credentials(const Profiles& profiles, std::string_view profile,
                                    const AwsSurroundings& surroundings) {
  const Session session = TRY(find_session(profiles, profile, surroundings.environment));
  Token token = TRY(read_token(session, surroundings));
  const WallTime at = surroundings.clock->wall();
  if (!token.expires || token.expires->ns - at.ns < renewed_before) {
    const Status renewed = renew(session, profiles, surroundings, token);
    if (!renewed.ok() && (!token.expires || *token.expires <= at)) return renewed.error();
  }
  const std::string origin =
      TRY(origin_of("sso", "portal.sso", session, profiles, surroundings.environment));
  const auto made = [&] {
    HttpRequest get;
    get.url = origin + "/federation/credentials?" +
              canonical_query({{"account_id", session.account}, {"role_name", session.role}});
    get.headers = {{"x-amz-sso_bearer_token", token.access}};
    return get;
  };
  const std::string what = "SSO role " + session.role + " of " + session.account;
  const HttpResponse answer = TRY_IN(call_patiently(surroundings, made), what);
  if (answer.status == 401) return wants_login(session, "the session has ended");
  if (answer.status != 200) return classify(answer, at).error.in(what);
  const std::vector<std::string> fields =
      TRY_IN(json_fields(answer.body.view(),
                         {".roleCredentials.accessKeyId", ".roleCredentials.secretAccessKey",
                          ".roleCredentials.sessionToken", ".roleCredentials.expiration"}),
             what);
  Credentials credentials = {fields[0], fields[1], fields[2]};
  if (const auto milliseconds = parse_number<int64_t>(fields[3])) {
    credentials.expires = to_wall(*milliseconds / 1000, 0);
  }
  if (credentials.access_key_id.empty() || credentials.secret_access_key.empty()) {
    return Error{ErrorKind::corrupt, what + ": the answer has no credentials"};
  }
  return credentials;
}

}  // namespace sluice::aws
