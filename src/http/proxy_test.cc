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

TEST_CASE("what hands out credentials is never asked through a proxy, nor is this machine") {
  const Environment environment{{{"http_proxy", "http://p:3"}, {"https_proxy", "http://p:3"}}};
  for (const char* url :
       {"http://169.254.170.23/v1/credentials", "http://169.254.170.2/v2", "http://[fd00:ec2::23]/",
        "http://[fd00:ec2:0::0:254]/latest", "http://169.254.169.254/", "http://127.9.9.9:1/",
        "http://[::1]:9000/", "http://lake.localhost/", "http://[::ffff:127.0.0.1]/"}) {
    CHECK_MESSAGE(proxy_of(environment, url) == "straight", url);
  }
  for (const char* url : {"http://127.example.com/", "http://[fd00:ec2::24]/", "http://10.0.0.1/"})
    CHECK_MESSAGE(proxy_of(environment, url) == "p:3", url);
}

TEST_CASE("NO_PROXY excepts addresses and networks of IPv6, with brackets or without") {
  const Environment environment{
      {{"https_proxy", "http://p:3"},
       {"NO_PROXY", "[2001:db8::1]:444, 2001:db8::2,[2001:db8::3],2001:db8:7::/47,10.0.0.0/9"}}};
  for (const char* url :
       {"https://[2001:db8::1]:444/", "https://[2001:db8:0::2]/", "https://[2001:db8::3]:9/",
        "https://[2001:db8:7::5]/", "https://[2001:db8:6::5]/", "https://10.127.0.0/"}) {
    CHECK_MESSAGE(proxy_of(environment, url) == "straight", url);
  }
  for (const char* url : {"https://[2001:db8::1]/", "https://[2001:db8::4]/",
                          "https://[2001:db8:8::5]/", "https://10.128.0.0/"}) {
    CHECK_MESSAGE(proxy_of(environment, url) == "p:3", url);
  }
}

TEST_CASE("a SOCKS proxy is refused in words that don't say its password") {
  for (const char* value : {"socks5://me:hush@p:1080", "SOCKS5H://p:1080", "socks4a://p"}) {
    for (const char* name : {"ALL_PROXY", "https_proxy"}) {
      const std::string message = proxy_of({{{name, value}}}, "https://x/");
      CHECK_MESSAGE(message.find(std::string(name) + ": SOCKS") == 0, message);
      CHECK(message.find("hush") == std::string::npos);
    }
  }
  // Where it isn't for anything.
  CHECK(proxy_of({{{"ALL_PROXY", "socks5://p:1"}, {"http_proxy", "q:2"}, {"https_proxy", "q:2"}}},
                 "https://x/") == "q:2");
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
