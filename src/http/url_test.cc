#include "http/url.h"

#include <doctest/doctest.h>

namespace sluice {

TEST_CASE("a URL is cut into scheme, host, port and target") {
  const auto url = parse_url("https://user:p%40ss@Logs.Example.com:8443/a%20b?x=1&y=%2F#part");
  REQUIRE(url.ok());
  CHECK(url->is_tls);
  CHECK(url->host == "logs.example.com");
  CHECK(url->port == 8443);
  CHECK(url->target == "/a%20b?x=1&y=%2F");
  CHECK(url->user_info == "user:p%40ss");
  CHECK(url->authority() == "logs.example.com:8443");
  CHECK(parse_url("http://h")->target == "/");
  CHECK(parse_url("http://h?q")->target == "/?q");
  CHECK(parse_url("https://h:443/")->authority() == "h");
  CHECK(parse_url("http://[::1]:9000/x")->host == "::1");
  CHECK(parse_url("http://[::1]:9000/x")->authority() == "[::1]:9000");
  CHECK(parse_url("https://[::1]/x")->host_and_port() == "[::1]:443");
  CHECK(parse_url("http://H/x")->host_and_port() == "h:80");
}

TEST_CASE("percent-decoding leaves alone what is no %XX") {
  CHECK(percent_decoded("a%2Fb%2fc%00d").size() == 7);
  CHECK(percent_decoded("100%") == "100%");
  CHECK(percent_decoded("%zz%4") == "%zz%4");
  CHECK(percent_decoded("%-1%+1% 1%0x") == "%-1%+1% 1%0x");
  CHECK(percent_decoded("%C3%A4+") == "\xc3\xa4+");
}

TEST_CASE("what is no URL is refused, without quoting what may be a secret") {
  for (const char* text :
       {"", "s3://bucket", "example.com", "http://", "http://:80/", "http://h:0", "http://h:70000",
        "http://h:x/", "http://[::1", "http://h/a b", "http://h/a\r\nb"}) {
    const auto url = parse_url(text);
    CHECK_MESSAGE(!url.ok(), text);
    if (!url.ok()) CHECK(url.error().kind == ErrorKind::invalid);
  }
  CHECK(parse_url("http://h:x/?token=hush").error().message.find("hush") == std::string::npos);
  CHECK(parse_url("socks5://user:secret@proxy:1080").error().message ==
        "\"socks5://***@proxy:1080\": a URL that begins with http:// or https:// was expected");
  CHECK(parse_url("user:secret@proxy").error().message.find("secret") == std::string::npos);
  for (const char* text : {"http://h:x/?token=hush", "http://me:hush@h:x/", "socks5://me:hush@h:1",
                           "me:hush@h:1", "http://me:hu@sh@h:x/"}) {
    const std::string message = parse_url(text).error().message;
    CHECK_MESSAGE(message.find("hush") == std::string::npos, message);
    CHECK_MESSAGE(message.find("me") == std::string::npos, message);
  }
}

TEST_CASE("a reference leads where RFC 3986 says") {
  const std::string base = "http://a/b/c/d;p?q";
  const auto leads = [&](const char* reference) { return resolved_url(base, reference); };
  // Its examples of 5.4, less fragments.
  CHECK(leads("g") == "http://a/b/c/g");
  CHECK(leads("./g") == "http://a/b/c/g");
  CHECK(leads("g/") == "http://a/b/c/g/");
  CHECK(leads("/g") == "http://a/g");
  CHECK(leads("//g") == "http://g");
  CHECK(leads("?y") == "http://a/b/c/d;p?y");
  CHECK(leads("g?y") == "http://a/b/c/g?y");
  CHECK(leads("g?y/../x") == "http://a/b/c/g?y/../x");
  CHECK(leads("") == "http://a/b/c/d;p?q");
  CHECK(leads(".") == "http://a/b/c/");
  CHECK(leads("..") == "http://a/b/");
  CHECK(leads("../g") == "http://a/b/g");
  CHECK(leads("../../g") == "http://a/g");
  CHECK(leads("../../../g") == "http://a/g");
  CHECK(leads("/./g") == "http://a/g");
  CHECK(leads("https://other:8443/x?y#z") == "https://other:8443/x?y");
  CHECK(resolved_url("http://a", "g") == "http://a/g");
  CHECK(resolved_url("http://a?q", "?r") == "http://a?r");
}

TEST_CASE("a query's word is set in place of what it was") {
  CHECK(with_query_word("http://a/b", "token", "x y/z") == "http://a/b?token=x%20y%2Fz");
  CHECK(with_query_word("http://a/b?count=2&token=old&x", "token", "new") ==
        "http://a/b?count=2&x&token=new");
  CHECK(with_query_word("http://a?page=1", "page", "2") == "http://a?page=2");
  CHECK(with_query_word("http://a/?a%5B%5D=1", "a[]", "2") == "http://a/?a%5B%5D=2");
}

TEST_CASE("an origin is scheme, host and port") {
  CHECK(same_origin("https://a.com/x", "https://A.com:443/y?z"));
  CHECK_FALSE(same_origin("https://a.com/", "http://a.com/"));
  CHECK_FALSE(same_origin("https://a.com/", "https://b.a.com/"));
  CHECK_FALSE(same_origin("https://a.com/", "https://a.com:8443/"));
}

}  // namespace sluice
