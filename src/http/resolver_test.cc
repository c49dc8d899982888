#include "http/resolver.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <future>
#include <thread>

namespace sluice {
namespace {

Result<std::vector<Address>> resolved(const std::string& host) {
  std::promise<Result<std::vector<Address>>> answer;
  Resolver resolver;
  resolver.resolve(host, 9000, [&](Result<std::vector<Address>> addresses) {
    answer.set_value(std::move(addresses));
  });
  return answer.get_future().get();
}

}  // namespace

TEST_CASE("localhost and names below it are this machine, whatever its hosts file says") {
  for (const char* host : {"localhost", "lake.localhost"}) {
    CAPTURE(host);
    const auto found = resolved(host);
    REQUIRE(found.ok());
    CHECK(std::any_of(found->begin(), found->end(), [](const Address& one) {
      return one.text() == "127.0.0.1:9000" || one.text() == "[::1]:9000";
    }));
  }
}

TEST_CASE("many names are asked for at once, each is answered, and after the end none is") {
  std::atomic<int> answered = 0;
  {
    Resolver resolver;
    for (int i = 0; i < 40; ++i)
      resolver.resolve("localhost", 80, [&](Result<std::vector<Address>>) { ++answered; });
    for (int i = 0; i < 500 && answered < 40; ++i)
      std::this_thread::sleep_for(std::chrono::milliseconds(10));
    CHECK(answered == 40);
    for (int i = 0; i < 40; ++i)
      resolver.resolve("localhost", 80, [&](Result<std::vector<Address>>) { ++answered; });
  }
  const int at_the_end = answered;
  std::this_thread::sleep_for(std::chrono::milliseconds(50));
  CHECK(answered == at_the_end);
}

TEST_CASE("a name that nobody has is an error that says so") {
  const auto found = resolved("nobody.invalid");
  REQUIRE_FALSE(found.ok());
  CHECK(found.error().message.find("\"nobody.invalid\"") != std::string::npos);
}

}  // namespace sluice
