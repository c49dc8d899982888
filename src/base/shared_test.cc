#include "base/shared.h"

#include <doctest/doctest.h>

#include <string>

namespace sluice {

TEST_CASE("copies share their value until one is changed") {
  const Shared<std::string> first = std::string("a");
  Shared<std::string> second = first;
  CHECK(&*first == &*second);
  second.change([](std::string& text) { text += 'b'; });
  CHECK(*first == "a");
  CHECK(*second == "ab");
}

TEST_CASE("shared values are equal by value, and an empty one only to an empty one") {
  Shared<std::string> one = std::string("a");
  CHECK(one == Shared(std::string("a")));
  CHECK(one != Shared(std::string("b")));
  CHECK(one != Shared<std::string>());
  one.reset();
  CHECK(!one.has_value());
  CHECK(one == Shared<std::string>());
}

}  // namespace sluice
