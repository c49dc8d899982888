#include "base/secrets.h"

#include <doctest/doctest.h>

#include "base/checksum.h"

namespace sluice {
namespace {

Secrets of(std::string_view name, std::string_view value) {
  Secrets secrets;
  secrets.add(name, value);
  return secrets;
}

TEST_CASE("a secret is hidden as it is, percent-encoded, and escaped as in JSON") {
  const Secrets secrets = of("PW", "p\"ss w/rd+100%");
  CHECK(secrets.hide("x p\"ss w/rd+100% y") == "x ${PW} y");
  CHECK(secrets.hide("?q=p%22ss%20w%2Frd%2B100%25&b") == "?q=${PW}&b");
  CHECK(secrets.hide("?q=p%22ss+w/rd%2b100%25&b") == "?q=${PW}&b");  // A form, lower case
  CHECK(secrets.hide(R"({"t":"p\"ss w\/rd+100%"})") == R"({"t":"${PW}"})");
  CHECK(secrets.hide(R"(p\u0022ss w/rd+100%)") == "${PW}");
  CHECK(secrets.hide("p\"ss w/rd+100") == "${PW}");  // Cut off
  CHECK(secrets.hide("p\"ss w/rd...: more") == "${PW}...: more");
  CHECK(secrets.hide("p\"ss word") == "p\"ss word");
}

TEST_CASE("a secret is hidden in base64, whatever was encoded with it") {
  const std::string value = "s3cr3t-of-the-tests?>";
  const Secrets secrets = of("PW", value);
  for (const std::string before : {"", "u", "me", "me:", "user:"}) {
    for (const std::string behind : {"", "1", "12", "123"}) {
      const std::string hidden = secrets.hide("Basic " + base64(before + value + behind));
      CAPTURE(hidden);
      CHECK(hidden.find("${PW}") != std::string::npos);
      CHECK(hidden.size() < 25);
    }
  }
}

TEST_CASE("a short value is hidden where it stands alone") {
  const Secrets secrets = of("PIN", "1234");
  CHECK(secrets.hide("pin=1234, 12345 of 91234") == "pin=${PIN}, 12345 of 91234");
}

TEST_CASE("of two secrets the longer one is hidden") {
  Secrets secrets = of("A", "secret-one");
  secrets.add("B", "secret-one-and-more");
  CHECK(secrets.hide("secret-one-and-more secret-one!") == "${B} ${A}!");
  const Secrets copy = secrets;
  secrets.add("C", "told-later-on");
  CHECK(copy.hide("told-later-on") == "${C}");  // All know what one was told
}

TEST_CASE("JSON with secrets hidden is JSON: numbers and words stay") {
  const Secrets secrets = of("SHARD", "1");
  CHECK(secrets.hide_in_json(R"({"records": 1, "why": "shard 1", "k\"1": [1, "1"]})") ==
        R"({"records": 1, "why": "shard ${SHARD}", "k\"${SHARD}": [1, "${SHARD}"]})");
}

TEST_CASE("URLs lose what signs them and the password before the host, whoever's they are") {
  const Secrets none;
  CHECK(none.hide("get https://b.example/x?X-Amz-Date=1&X-Amz-Signature=abc&z=2: 403") ==
        "get https://b.example/x?X-Amz-Date=1&X-Amz-Signature=***&z=2: 403");
  CHECK(none.hide(R"({"next":"https://a/?access_token=t0k"})") ==
        R"({"next":"https://a/?access_token=***"})");
  CHECK(none.hide("socks5://user:secret@proxy:1080") == "socks5://***@proxy:1080");
  CHECK(none.hide("mail me@example.com, a=b, sig=5") == "mail me@example.com, a=b, sig=5");
}

TEST_CASE("URLs lose it also where they stand escaped in somebody's JSON") {
  const Secrets none;
  CHECK(none.hide(R"(bad url http://x.example/p?a=1\u0026access_token=S0ME\u0026z=1)") ==
        R"(bad url http://x.example/p?a=1\u0026access_token=***\u0026z=1)");
  CHECK(none.hide(R"(http:\/\/u:PASS@h\/p\u003Faccess_token=S0ME)") ==
        R"(http:\/\/***@h\/p\u003Faccess_token=***)");
  CHECK(none.hide(R"(a\u0026b=c)") == R"(a\u0026b=c)");
}

TEST_CASE("what is sealed has no secret in it and is made whole again by who has it") {
  Secrets secrets = of("TOKEN", "t0ken/of the job");
  const std::string url =
      "https://a/?x=${y}&access_token=t0ken%2Fof%20the%20job&b=t0ken/of the job";
  const auto sealed = secrets.seal(url);
  REQUIRE(sealed);
  CHECK(*sealed == "https://a/?x=$${y}&access_token=${%TOKEN}&b=${TOKEN}");
  CHECK(secrets.reveal(*sealed).value() == url);
  Secrets other = of("TOKEN", "another");
  CHECK(other.reveal(*sealed).value() == "https://a/?x=${y}&access_token=another&b=another");
  CHECK(Secrets().reveal(*sealed).error().message.find("${TOKEN}") != std::string::npos);
  CHECK(secrets.seal("https://a/?b=t0ken%2fof+the+job!").value() == "https://a/?b=${%TOKEN}!");
  // It isn't ours, or in a form that can't be given back.
  CHECK_FALSE(secrets.seal("https://a/" + base64("me:t0ken/of the job")));
  CHECK_FALSE(secrets.seal("https://a/?X-Amz-Signature=123"));
  // A token that passes is left out of the query.
  secrets.add("the access token", "passing-token", Secrets::Life::passing);
  CHECK(secrets.seal("https://a/?t=passing-token&b=1").value() == "https://a/?b=1");
  CHECK(secrets.seal("https://a/?b=1&t=passing-token").value() == "https://a/?b=1");
  CHECK(secrets.seal("https://a/?t=passing-token").value() == "https://a/");
  CHECK_FALSE(secrets.seal("https://a/passing-token/b"));
}

}  // namespace
}  // namespace sluice
