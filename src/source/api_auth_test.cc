#include "source/api_auth.h"

#include <doctest/doctest.h>

#include <future>
#include <optional>

#include "aws/sign.h"
#include "base/time.h"
#include "http/scripted_engine.h"

namespace sluice {
namespace {

const Clock clock_of_now;

Result<Settings> words(Node node) {
  const PartDoc doc = {.name = "http", .fields = {auth_words()}};
  return check_settings(doc, Node::of_map({{"auth", std::move(node)}}), {});
}

FindCredentials no_credentials() {
  return [](const aws::AwsOptions&) -> Result<aws::CredentialSource*> {
    return Error{ErrorKind::denied, "no credentials here"};
  };
}

// What the last of them was told.
Secrets& told_of_tests() {
  static Secrets secrets;
  return secrets;
}

Result<std::unique_ptr<ApiAuth>> make(Node node, FindCredentials credentials = no_credentials()) {
  static ScriptedEngine engine;
  const Settings settings = TRY(words(std::move(node)));
  return make_api_auth(&settings.inner("auth"), engine, clock_of_now, credentials, told_of_tests());
}

// What is wrong with it, as far as the words go.
std::string wrong(Node node) {
  const auto made = make(std::move(node));
  return made.ok() ? "" : made.error().message;
}

Node one(std::string key, Node value) {
  return Node::of_map({{std::move(key), std::move(value)}});
}

HttpRequest authorized(ApiAuth& auth, HttpRequest request, size_t identity = 0) {
  std::optional<Result<HttpRequest>> handed;
  auth.authorize(std::move(request), identity, [&](Result<HttpRequest> ready) {
    CHECK_FALSE(handed.has_value());
    handed.emplace(std::move(ready));
  });
  REQUIRE(handed.has_value());
  REQUIRE_MESSAGE(handed->ok(), handed->error().message);
  return std::move(**handed);
}

}  // namespace

TEST_CASE("a bearer token goes into Authorization, in place of an earlier one") {
  const auto auth = make(Node::of("t0ken"));
  REQUIRE(auth.ok());
  HttpRequest request{.url = "https://api.example.com/", .headers = {{"authorization", "old"}}};
  request = authorized(**auth, std::move(request));
  CHECK(request.headers == Headers{{"Authorization", "Bearer t0ken"}});
  CHECK((*auth)->identities() == 1);
  CHECK_FALSE((*auth)->refused(0));
}

TEST_CASE("several tokens take turns as the caller says") {
  const auto auth = make(one("bearer", Node::of_list({Node::of("a"), Node::of("b")})));
  REQUIRE(auth.ok());
  CHECK((*auth)->identities() == 2);
  CHECK(header(authorized(**auth, {}, 1).headers, "Authorization") == "Bearer b");
}

TEST_CASE("user and password are Basic, as RFC 7617 has it") {
  const auto auth = make(one("basic", Node::of_map({{"user", Node::of("Aladdin")},
                                                    {"password", Node::of("open sesame")}})));
  REQUIRE(auth.ok());
  CHECK(header(authorized(**auth, {}).headers, "Authorization") ==
        "Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==");
  CHECK(told_of_tests().hide("it was QWxhZGRpbjpvcGVuIHNlc2FtZQ==") ==
        "it was ${user and password}");
  CHECK(told_of_tests().hide("open sesame!") == "${password}!");  // Literal, yet a secret
}

TEST_CASE("a key in the query replaces the one that a next page's URL carries") {
  const auto auth = make(
      one("api_key", Node::of_map({{"query", Node::of("api key")}, {"value", Node::of("s/1&")}})));
  REQUIRE(auth.ok());
  const auto url = [&](std::string_view from) {
    return authorized(**auth, {.url = std::string(from)}).url;
  };
  CHECK(url("https://a.example/x") == "https://a.example/x?api%20key=s%2F1%26");
  CHECK(url("https://a.example/x?p=2&api+key=old&q=%20#f") ==
        "https://a.example/x?p=2&q=%20&api%20key=s%2F1%26");
  const SecretPlaces places = (*auth)->secret_places();
  CHECK(shown_url("https://me:pw@a.example/x?p=2&api%20key=s%2F1", places) ==
        "https://***@a.example/x?p=2&api%20key=***");
  CHECK(told_of_tests().hide("get x?k=s%2F1%26: 403") == "get x?k=${api_key}: 403");
}

TEST_CASE("a redirect to another host goes without secrets") {
  HttpRequest request{.url = "https://b.example/x?key=1&page=2",
                      .headers = {{"X-Key", "1"}, {"Accept", "a"}, {"cookie", "c"}}};
  drop_secrets(request, {.headers = {"x-key"}, .query = {"key"}});
  CHECK(request.headers == Headers{{"Accept", "a"}});
  CHECK(request.url == "https://b.example/x?page=2");
  CHECK(shown_url("https://b.example/x?X-Amz-Signature=1&token=2", {}) ==
        "https://b.example/x?X-Amz-Signature=***&token=2");
}

TEST_CASE("what no header can hold is refused, and not told") {
  for (const char* bad : {"s3cret\r\nX-Evil: 1", "s3cret\n", "s3cret\x01"}) {
    const std::string message = wrong(one("bearer", Node::of(bad)));
    CHECK(message.find("which no header can hold") != std::string::npos);
    CHECK(message.find("s3cret") == std::string::npos);
  }
  CHECK(wrong(Node::of("")).find("empty") != std::string::npos);
}

TEST_CASE("words of auth that contradict each other are told") {
  const auto map = [](std::vector<Node::Entry> entries) {
    return Node::of_map(std::move(entries));
  };
  CHECK(wrong(map({{"bearer", Node::of("a")}, {"basic", Node::of("b")}})) ==
        "basic: beside `bearer`: one of the two is enough");
  CHECK(wrong(Node::of_map({})).find("says nothing") != std::string::npos);
  CHECK(wrong(one("api_key", Node::of("k"))).find("header: X-Api-Key") != std::string::npos);
  CHECK(wrong(one("api_key", map({{"value", Node::of("k")}, {"header", Node::of("X Y")}}))) ==
        "header: not a header's name");
  CHECK(wrong(one("basic", Node::of("a:b"))).find("a colon") != std::string::npos);
  CHECK(wrong(one("oauth2", Node::of("login.example.com"))).find("https://") != std::string::npos);
  CHECK(wrong(one("oauth2", Node::of("https://login.example.com/"))).find("client_secret") !=
        std::string::npos);
  CHECK(wrong(one("oauth2", map({{"token_url", Node::of("https://l.example/")},
                                 {"client_secret", Node::of("x")},
                                 {"refresh_token", Node::of("x")},
                                 {"grant", Node::of("client_credentials")}})))
            .find("leave one of the two out") != std::string::npos);
  CHECK(wrong(one("mtls", Node::of("/nowhere/me.pem"))).empty());  // auth_tls's to tell
  const auto settings = words(one("mtls", Node::of("/nowhere/me.pem")));
  CHECK(auth_tls(&settings->inner("auth")).error().message ==
        "certificate: TLS: /nowhere/me.pem: No such file or directory");
  CHECK_FALSE(auth_tls(nullptr)->has_value());
}

TEST_CASE("sigv4 signs what is sent, query and body included") {
  const StoppedClock clock(*parse_time("2015-08-30T12:36:00Z"));
  const auto source =
      aws::make_fixed_credentials({"AKIDEXAMPLE", "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"});
  REQUIRE(source->get().ok());
  ScriptedEngine engine;
  const auto settings = words(one("sigv4", Node::of_map({{"service", Node::of("service")},
                                                         {"region", Node::of("us-east-1")}})));
  REQUIRE(settings.ok());
  aws::AwsOptions asked;
  const auto auth = make_api_auth(
      &settings->inner("auth"), engine, clock,
      [&](const aws::AwsOptions& options) -> Result<aws::CredentialSource*> {
        asked = options;
        return source.get();
      },
      told_of_tests());
  REQUIRE(auth.ok());
  CHECK(asked.region == "us-east-1");
  // The suite's get-vanilla-query-order-key-case.
  const HttpRequest sent =
      authorized(**auth, {.url = "https://example.amazonaws.com/?Param2=value2&Param1=value1"});
  CHECK(sent.url == "https://example.amazonaws.com/?Param1=value1&Param2=value2");
  CHECK(header(sent.headers, "authorization") ==
        "AWS4-HMAC-SHA256 "
        "Credential=AKIDEXAMPLE/20150830/us-east-1/service/aws4_request, "
        "SignedHeaders=host;x-amz-date, "
        "Signature=b97d918cfa904a5beff61c982a1b6f458b799221646efd99d3219ec94cdf2500");
  CHECK_FALSE((*auth)->refused(0));  // Such keys don't end: others won't come.
}

TEST_CASE("credentials that were never loaded are waited for, and refused ones are renewed") {
  StoppedClock clock({0});
  int loads = 0;
  Result<aws::Credentials> next = aws::Credentials{"A1", "s", "t", WallTime{INT64_MAX}};
  aws::CredentialSource source(
      [&] {
        ++loads;
        return next;
      },
      clock);
  ScriptedEngine engine;
  const auto settings = words(one("sigv4", Node::of_map({{"service", Node::of("execute-api")},
                                                         {"region", Node::of("eu-west-1")}})));
  const auto auth = make_api_auth(
      &settings->inner("auth"), engine, clock,
      [&](const aws::AwsOptions&) -> Result<aws::CredentialSource*> { return &source; },
      told_of_tests());
  REQUIRE(auth.ok());
  const auto signed_with = [&] {
    std::promise<Result<HttpRequest>> handed;
    (*auth)->authorize({.url = "https://a.example/x?b=a+b"}, 0,
                       [&](Result<HttpRequest> ready) { handed.set_value(std::move(ready)); });
    Result<HttpRequest> ready = handed.get_future().get();
    if (!ready.ok()) return ready.error().message;
    CHECK(ready->url == "https://a.example/x?b=a%20b");
    const std::string_view value = header(ready->headers, "authorization");
    return std::string(value.substr(value.find("Credential=") + 11, 2));
  };
  CHECK(signed_with() == "A1");
  CHECK(signed_with() == "A1");
  CHECK(loads == 1);
  const HttpRequest earlier{.headers = {{"authorization", "Credential=A1/2024"}}};
  CHECK((*auth)->refused(0, &earlier));
  CHECK((*auth)->refused(0, &earlier));  // Two were under way.
  next = aws::Credentials{"A2", "s", "t", WallTime{INT64_MAX}};
  CHECK(signed_with() == "A2");
  CHECK((*auth)->refused(0, &earlier));
  CHECK(signed_with() == "A2");
  CHECK_FALSE((*auth)->refused(0));
  clock.set({61_s});
  CHECK((*auth)->refused(0));
  next = Error{ErrorKind::denied, "the role is gone"};
  CHECK(signed_with() == "the role is gone");
}

}  // namespace sluice
