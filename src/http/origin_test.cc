#include "http/origin.h"

#include <doctest/doctest.h>

#include "base/environment.h"
#include "http/connection.h"

namespace sluice {

TEST_CASE("a numeric address is never asked for, and a proxy's credentials are ready") {
  const Origin plain(*parse_url("http://127.0.0.1:9000/"), {});
  CHECK(plain.is_numeric);
  REQUIRE(plain.addresses.size() == 1);
  const auto rules =
      ProxyRules::from(Environment{{{"http_proxy", "http://me:secret@127.0.0.1:3128"}}});
  Origin behind(*parse_url("http://a.test/"), *rules);
  REQUIRE(behind.addresses.size() == 1);
  CHECK(behind.addresses.pick({})->text() == "127.0.0.1:3128");
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
