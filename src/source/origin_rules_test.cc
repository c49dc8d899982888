#include "source/origin_rules.h"

#include <doctest/doctest.h>

namespace sluice {
namespace {

OriginRules rules(std::string own, std::vector<std::string> also = {}) {
  Secrets secrets;
  secrets.add("TOKEN", "t0ken-of-the-job");
  return {{.own = std::move(own), .also = std::move(also), .secret_headers = {{"X-Shard", ""}}},
          secrets,
          {.headers = {"X-Key"}, .query = {"key"}}};
}

bool may(const OriginRules& from, std::string_view url) {
  return from.may_ask(url, OriginRules::Body::none).ok();
}

TEST_CASE("this machine and its network are asked only from there, or where the job names them") {
  const OriginRules open = rules("https://api.example.com/v1");
  CHECK(may(open, "https://api.example.com/v2?x"));
  CHECK(may(open, "https://cdn.example.net/file"));
  for (const char* url :
       {"https://127.0.0.1/", "https://localhost:9000/", "https://169.254.169.254/latest/meta-data",
        "https://10.0.0.7/", "https://[::1]/", "https://[fd00:ec2::254]/", "https://2130706433/",
        "https://[::ffff:169.254.169.254]/"}) {
    CAPTURE(url);
    CHECK_FALSE(may(open, url));
  }
  CHECK(open.may_ask("https://10.0.0.7:8443/x", OriginRules::Body::none)
            .error()
            .message.find("also_from: [\"https://10.0.0.7:8443\"]") != std::string::npos);
  CHECK(may(rules("https://api.example.com/", {"https://10.0.0.7"}), "https://10.0.0.7/x"));
  CHECK_FALSE(may(rules("https://api.example.com/", {"https://10.0.0.7"}), "https://10.0.0.8/x"));
  CHECK(may(rules("http://127.0.0.1:8080/"), "http://127.0.0.1:9090/"));
  CHECK(may(rules("http://10.0.0.1/"), "http://192.168.0.1/"));
}

TEST_CASE("https never leads to http, not even to a named origin") {
  CHECK_FALSE(may(rules("https://api.example.com/"), "http://api.example.com/"));
  CHECK_FALSE(may(rules("HTTPS://api.example.com/"), "http://other.example.com/"));
  CHECK_FALSE(may(rules("https://a.example/", {"http://b.example"}), "http://b.example/"));
  CHECK(may(rules("http://a.example/"), "http://b.example/"));
  CHECK(may(rules("http://a.example/"), "https://a.example/"));
}

TEST_CASE("a body stays with the job's own origin") {
  const OriginRules open = rules("https://api.example.com/");
  CHECK(open.may_ask("https://api.example.com/2", OriginRules::Body::some).ok());
  CHECK_FALSE(open.may_ask("https://other.example.com/", OriginRules::Body::some).ok());
}

TEST_CASE("others get nothing secret: no headers with secrets, no cookies, no words of the URL") {
  const OriginRules open = rules("https://api.example.com/");
  HttpRequest request{.url = "https://cdn.example/x?key=1&a=t0ken-of-the-job&b=2&sig=theirs",
                      .headers = {{"Accept", "a/b"},
                                  {"authorization", "x"},
                                  {"Cookie", "c"},
                                  {"X-Key", "k"},
                                  {"x-shard", "1"},
                                  {"X-Other", "has t0ken-of-the-job in it"},
                                  {"X-Api-Token", "literal"},
                                  {"X-Version", "2"}}};
  REQUIRE(open.make_fit_for_others(request).ok());
  CHECK(request.headers == Headers{{"Accept", "a/b"}, {"X-Version", "2"}});
  CHECK(request.url == "https://cdn.example/x?b=2&sig=theirs");
  CHECK(request.asked_by == "https://api.example.com/");
  HttpRequest path{.url = "https://cdn.example/t0ken-of-the-job/x"};
  const Status refused = open.make_fit_for_others(path);
  REQUIRE_FALSE(refused.ok());
  CHECK(refused.error().message.find("t0ken") == std::string::npos);
}

TEST_CASE("303 is asked for with GET, and so are 301 and 302 of what was posted") {
  for (const int status : {301, 302, 303}) CHECK(becomes_get(status, "POST"));
  for (const int status : {307, 308}) CHECK_FALSE(becomes_get(status, "POST"));
  CHECK_FALSE(becomes_get(302, "GET"));
}

}  // namespace
}  // namespace sluice
