#include "http/origin.h"

#include <doctest/doctest.h>

#include "base/environment.h"
#include "http/connection.h"

namespace sluice {
namespace {

Address at_port(uint16_t port) {
  return numeric_address("127.0.0.1", port).at(0);
}

std::string shown(const Origin& origin) {
  std::string text;
  for (const Address& one : origin.addresses)
    text += (text.empty() ? "" : " ") + one.text().substr(one.text().find(':'));
  return text;
}

}  // namespace

TEST_CASE("new addresses come first, known ones stay, and failed ones go last") {
  Origin origin(*parse_url("http://a.test/"), {});
  origin.learn({at_port(1), at_port(2)}, Instant{7});
  CHECK(origin.resolved_at == Instant{7});
  CHECK(shown(origin) == ":2 :1");
  origin.learn({at_port(1), at_port(3)}, Instant{8});
  CHECK(shown(origin) == ":3 :2 :1");
  origin.next_address = 2;
  origin.put_last(at_port(3));
  CHECK(shown(origin) == ":2 :1 :3");
  CHECK(origin.next_address == 0);
  origin.put_last(at_port(9));
  CHECK(shown(origin) == ":2 :1 :3");
}

TEST_CASE("of ever new addresses the oldest are forgotten") {
  Origin origin(*parse_url("http://a.test/"), {});
  for (uint16_t port = 1; port <= 100; ++port) origin.learn({at_port(port)}, Instant{port});
  CHECK(origin.addresses.size() == 64);
  CHECK(origin.addresses.front() == at_port(100));
  CHECK(origin.addresses.back() == at_port(37));
}

TEST_CASE("a numeric address is never asked for, and a proxy's credentials are ready") {
  const Origin plain(*parse_url("http://127.0.0.1:9000/"), {});
  REQUIRE(plain.addresses.size() == 1);
  CHECK(plain.addresses[0] == at_port(9000));
  CHECK(plain.resolved_at > Instant{1'000'000'000'000'000'000});
  const auto rules =
      ProxyRules::from(Environment{{{"http_proxy", "http://me:secret@127.0.0.1:3128"}}});
  const Origin behind(*parse_url("http://a.test/"), *rules);
  REQUIRE(behind.addresses.size() == 1);
  CHECK(behind.addresses[0] == at_port(3128));
  CHECK(behind.proxy_credentials == "Basic bWU6c2VjcmV0");
}

TEST_CASE("who waits is served in turn, and may be given up anywhere in the line") {
  Origin origin(*parse_url("http://a.test/"), {});
  for (const ExchangeId id : {4, 5, 6}) origin.waiting.push_back({.exchange = nullptr, .id = id});
  CHECK_FALSE(origin.take_waiting(7));
  CHECK(origin.take_waiting(5)->id == 5);
  CHECK(origin.take_first_waiting().id == 4);
  CHECK(origin.take_first_waiting().id == 6);
  CHECK(origin.waiting.empty());
}

}  // namespace sluice
