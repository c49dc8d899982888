// The words of `auth:`, and what they may be together: api_auth.h's description and its reading.
#include "source/api_auth_words.h"

#include <algorithm>
#include <array>

#include "base/text.h"
#include "http/url.h"

namespace sluice {
namespace {

constexpr std::array<std::string_view, 5> kinds = {"bearer", "basic", "api_key", "oauth2", "sigv4"};

FieldDoc basic_words() {
  return {.name = "basic",
          .type = FieldType::group,
          .help = "A user and a password (RFC 7617).",
          .fields = {{.name = "user", .required = true},
                     {.name = "password",
                      .help = "Empty where the API wants none.",
                      .example = "\"${API_PASSWORD}\""}}};
}

FieldDoc api_key_words() {
  return {.name = "api_key",
          .type = FieldType::group,
          .help = "A key in a header or in the query.",
          .fields = {{.name = "value",
                      .help = "The key, or several that take turns.",
                      .required = true,
                      .many = Many::list,
                      .example = "\"${API_KEY}\""},
                     {.name = "header", .help = "Its header.", .example = "X-Api-Key"},
                     {.name = "query", .help = "Its word in the query.", .example = "api_key"}}};
}

FieldDoc oauth2_words() {
  return {
      .name = "oauth2",
      .type = FieldType::group,
      .help = "An access token, fetched when it is first needed and again before it ends.",
      .fields = {
          {.name = "token_url",
           .help = "Where tokens are handed out.",
           .required = true,
           .example = "https://login.example.com/oauth/token"},
          {.name = "client_id", .help = "Who we are there."},
          {.name = "client_secret",
           .help = "And what proves it.",
           .example = "\"${CLIENT_SECRET}\""},
          {.name = "scope", .help = "What is asked for.", .many = Many::list},
          {.name = "audience", .help = "For which API, where the server wants to know."},
          {.name = "auth_in",
           .type = FieldType::choice,
           .help = "Where client_id and client_secret go: in the form, or in the header "
                   "Authorization.",
           .default_text = "body",
           .choices = {"body", "header"}},
          {.name = "grant",
           .type = FieldType::choice,
           .help = "How the token is asked for. By default refresh_token if there is one, else "
                   "client_credentials; user, password, account and so on go into parameters.",
           .choices = {"client_credentials", "refresh_token", "password", "account_credentials"}},
          {.name = "refresh_token", .help = "Of somebody who has agreed in a browser once."},
          {.name = "refresh_token_file",
           .help = "Where the refresh token is kept between runs, for servers that hand out a new "
                   "one each time: what is in the file counts before refresh_token."},
          {.name = "parameters",
           .help = "More of the form.",
           .many = Many::map,
           .example = "{ resource: \"https://api.example.com\" }"},
          {.name = "scheme",
           .help = "The word before the token in the header Authorization.",
           .default_text = "Bearer"}}};
}

FieldDoc sigv4_words() {
  return {.name = "sigv4",
          .type = FieldType::group,
          .help = "AWS Signature Version 4, with the credentials that every AWS tool finds.",
          .fields = {
              {.name = "service",
               .help = "The service's name in signatures.",
               .required = true,
               .example = "execute-api"},
              {.name = "region",
               .help = "What the signature is for.",
               .required = true,
               .example = "eu-west-1"},
              {.name = "role",
               .help = "A role to be assumed, by its ARN.",
               .example = "arn:aws:iam::111122223333:role/read-api"},
              {.name = "external_id", .help = "What that role's trust policy asks for."},
              {.name = "profile", .help = "A profile of ~/.aws/config, instead of AWS_PROFILE."}}};
}

FieldDoc mtls_words() {
  return {
      .name = "mtls",
      .type = FieldType::group,
      .help =
          "What this side shows of itself in TLS, alone or beside another word: to the url's own "
          "server, and to no other.",
      .fields = {{.name = "certificate",
                  .help = "A PEM file: ours, then those up to its authority.",
                  .required = true,
                  .example = "/run/secrets/client.pem"},
                 {.name = "key",
                  .help = "A PEM file with its private key, not encrypted. By default the same "
                          "file.",
                  .example = "/run/secrets/client.key"},
                 {.name = "ca",
                  .help = "A PEM file of the authorities that this server's certificate is "
                          "trusted by, instead of the system's."}}};
}

std::string text_of(const Settings& words, std::string_view field) {
  return words.has(field) ? words.text(field) : std::string();
}

// RFC 9110 5.6.2
bool is_header_name(std::string_view name) {
  return !name.empty() && std::all_of(name.begin(), name.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           std::string_view("!#$%&'*+-.^_`|~").find(c) != std::string_view::npos;
  });
}

// Of what goes into a header. The value isn't told.
Status check_value(const Settings& words, std::string_view field, std::string_view value) {
  if (value.empty()) return words.error_at(field, "empty: is what it is filled in from set?");
  if (value.find_first_of("\r\n") != value.npos)
    return words.error_at(field, "a line break in it, which no header can hold");
  if (!is_header_value(value))
    return words.error_at(field, "a control character in it, which no header can hold");
  return {};
}

Result<std::vector<std::string>> values_of(const Settings& words, std::string_view field) {
  std::vector<std::string> values = words.texts(field);
  if (values.empty()) return words.error_at(field, "an empty list");
  for (const std::string& value : values) TRY(check_value(words, field, value));
  return values;
}

// The grant that is meant: `refresh_token` goes without saying where there is one.
Result<std::string> grant_of(const Settings& words) {
  const bool has_refresh = words.has("refresh_token") || words.has("refresh_token_file");
  if (!words.has("grant")) return std::string(has_refresh ? "refresh_token" : "client_credentials");
  const std::string& grant = words.text("grant");
  if (has_refresh && grant != "refresh_token") {
    return words.error_at("grant", grant + " takes no refresh token: leave one of the two out");
  }
  if (!has_refresh && grant == "refresh_token")
    return words.error_at("grant", "refresh_token needs one, or a refresh_token_file");
  return grant;
}

}  // namespace

FieldDoc auth_words() {
  return {.name = "auth",
          .type = FieldType::group,
          .help =
              "How requests prove who sends them. Its values are never printed, and are no "
              "part of the job's fingerprint. They are for the API's own host: a redirect to "
              "another goes without them.",
          .fields = {{.name = "bearer",
                      .help = "A token in the header Authorization (RFC 6750), or several that "
                              "take turns.",
                      .many = Many::list,
                      .example = "\"${API_TOKEN}\""},
                     basic_words(),
                     api_key_words(),
                     oauth2_words(),
                     sigv4_words(),
                     mtls_words()},
          .says = Says::how};
}

bool is_header_value(std::string_view value) {
  return std::none_of(value.begin(), value.end(), [](char c) {
    return (static_cast<unsigned char>(c) < ' ' && c != '\t') || c == 0x7F;
  });
}

Result<std::string_view> auth_kind(const Settings& auth) {
  std::string_view kind;
  for (const std::string_view one : kinds) {
    if (!auth.has(one)) continue;
    if (!kind.empty()) {
      return auth.error_at(one, "beside `" + std::string(kind) + "`: one of the two is enough");
    }
    kind = one;
  }
  if (kind.empty() && !auth.has("mtls")) {
    return auth.error_at(
        "auth", "says nothing; expected one of bearer, basic, api_key, oauth2, sigv4, mtls");
  }
  return kind;
}

Result<std::vector<std::string>> bearer_tokens(const Settings& auth) {
  return values_of(auth, "bearer");
}

Result<BasicWords> basic_of(const Settings& auth) {
  const Settings& words = auth.inner("basic");
  BasicWords said = {words.text("user"), text_of(words, "password")};
  if (said.user.find(':') != said.user.npos)
    return words.error_at("user", "a colon in it, which Basic authentication has no way to send");
  return said;
}

Result<ApiKeyWords> api_key_of(const Settings& auth) {
  const Settings& words = auth.inner("api_key");
  ApiKeyWords said = {text_of(words, "header"), text_of(words, "query"),
                      TRY(values_of(words, "value"))};
  if (said.header.empty() == said.query.empty()) {
    return words.error_at(said.header.empty() ? "value" : "query",
                          "one of header and query says where the key goes: header: X-Api-Key");
  }
  if (!said.header.empty() && !is_header_name(said.header))
    return words.error_at("header", "not a header's name");
  return said;
}

Result<Oauth2Words> oauth2_of(const Settings& auth) {
  const Settings& words = auth.inner("oauth2");
  Oauth2Words said;
  Oauth2Options& options = said.options;
  options.token_url = words.text("token_url");
  // What stands for a secret until it is fetched is no URL.
  if (!words.secret("token_url") && !parse_url(options.token_url).ok())
    return words.error_at("token_url", "a URL that begins with https:// was expected");
  options.grant = TRY(grant_of(words));
  options.client_id = text_of(words, "client_id");
  options.client_secret = text_of(words, "client_secret");
  if (options.grant == "client_credentials" && options.client_secret.empty())
    return words.error_at("client_secret", "missing or empty: client credentials are made of it");
  options.auth_in = words.text("auth_in") == "header" ? Oauth2Options::AuthIn::header
                                                      : Oauth2Options::AuthIn::body;
  options.scope = join(words.texts("scope"), " ");
  options.audience = text_of(words, "audience");
  options.refresh_token = text_of(words, "refresh_token");
  options.refresh_token_file = text_of(words, "refresh_token_file");
  for (const Settings::Item& item : words.items("parameters"))
    options.parameters.emplace_back(item.name, item.text());
  said.scheme = words.text("scheme");
  TRY(check_value(words, "scheme", said.scheme));
  return said;
}

Result<Sigv4Words> sigv4_of(const Settings& auth) {
  const Settings& words = auth.inner("sigv4");
  Sigv4Words said = {words.text("service"),
                     words.text("region"),
                     {.profile = text_of(words, "profile"),
                      .region = words.text("region"),
                      .role_arn = text_of(words, "role"),
                      .role_external_id = text_of(words, "external_id")}};
  TRY(check_value(words, "service", said.service));
  TRY(check_value(words, "region", said.region));
  return said;
}

Result<std::optional<TlsOptions>> auth_tls(const Settings* auth) {
  if (auth == nullptr || !auth->has("mtls")) return std::optional<TlsOptions>();
  const Settings& words = auth->inner("mtls");
  TlsOptions options = {.ca_file = text_of(words, "ca"),
                        .certificate_file = words.text("certificate"),
                        .key_file = text_of(words, "key")};
  if (options.key_file.empty()) options.key_file = options.certificate_file;
  const auto context = TlsContext::make(options);
  const Status opened = context.ok() ? (*context)->open() : Status(context.error());
  if (opened.ok()) return std::optional<TlsOptions>(std::move(options));
  const std::string& why = opened.error().message;
  const auto is_about = [&](const std::string& file) {
    return !file.empty() && why.find(file) != why.npos;
  };
  return words.error_at(is_about(options.certificate_file) ? "certificate"
                        : is_about(options.key_file)       ? "key"
                                                           : "ca",
                        why);
}

}  // namespace sluice
