#include "http/proxy.h"

#include <doctest/doctest.h>

namespace sluice {

namespace {

std::string proxy_of(const Environment& environment, const char* url) {
  const auto rules = ProxyRules::from(environment);
  if (!rules.ok()) return rules.error().message;
  const Url* proxy = rules->proxy_for(*parse_url(url));
  return proxy == nullptr ? "straight" : proxy->host + ":" + std::to_string(proxy->port);
}

}  // namespace

TEST_CASE("the proxy of the environment is taken for its scheme, lower case first") {
  const Environment both{{{"HTTPS_PROXY", "http://upper:1"}, {"https_proxy", "lower:2"}}};
  CHECK(proxy_of(both, "https://s3.amazonaws.com/") == "lower:2");
  CHECK(proxy_of(both, "http://s3.amazonaws.com/") == "straight");
  // A CGI server makes HTTP_PROXY out of a request's Proxy header.
  CHECK(proxy_of({{{"HTTP_PROXY", "http://evil:1"}}}, "http://x/") == "straight");
  CHECK(proxy_of({{{"ALL_PROXY", "http://all:8"}}}, "http://x/") == "all:8");
}

TEST_CASE("NO_PROXY excepts hosts, suffixes, networks and this machine") {
  const Environment environment{
      {{"https_proxy", "http://p:3"},
       {"NO_PROXY", "plain.example, .suffix.example,*.star.example,10.0.0.0/8,port.example:444"}}};
  for (const char* url :
       {"https://plain.example/", "https://sub.plain.example/", "https://a.suffix.example/",
        "https://b.star.example/", "https://10.1.2.3/", "https://port.example:444/",
        "https://localhost/", "https://127.0.0.1:9/", "https://169.254.169.254/"}) {
    CHECK_MESSAGE(proxy_of(environment, url) == "straight", url);
  }
  for (const char* url :
       {"https://notplain.example/", "https://11.1.2.3/", "https://port.example/"})
    CHECK_MESSAGE(proxy_of(environment, url) == "p:3", url);
  CHECK(proxy_of({{{"https_proxy", "http://p:3"}, {"NO_PROXY", "*"}}}, "https://x/") == "straight");
}

TEST_CASE("a proxy's user and password are decoded for its header") {
  CHECK(proxy_authorization(*parse_url("http://me:p%40ss@proxy:3128")) == "Basic bWU6cEBzcw==");
  CHECK(proxy_authorization(*parse_url("http://proxy:3128")).empty());
}

TEST_CASE("a proxy spoken to over TLS is refused with what to write instead") {
  CHECK(proxy_of({{{"https_proxy", "https://p:3"}}}, "https://x/").find("http://host:port") !=
        std::string::npos);
}

}  // namespace sluice
