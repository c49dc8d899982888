#include "source/numbered.h"

#include <doctest/doctest.h>

#include <string>

namespace sluice {

TEST_CASE("things keep their numbers, however many are forgotten before them") {
  Numbered<std::string> things;
  CHECK(things.next() == 0);
  CHECK_FALSE(things.has(0));
  CHECK(things.add("a") == "a");
  things.add("b");
  const std::string& third = things.add("c");
  CHECK(things.next() == 3);
  CHECK(things.at(1) == "b");

  things.forget(1);
  CHECK(things.first() == 2);
  CHECK(things.size() == 1);
  CHECK_FALSE(things.has(1));
  CHECK(things.at(2) == "c");
  things.add("d");
  CHECK(&things.at(2) == &third);
  CHECK(things.last() == "d");
  CHECK_FALSE(things.has(4));

  things.forget(0);  // Long gone
  CHECK(things.size() == 2);
  things.forget(9);  // All that there are, and numbers go on
  CHECK(things.first() == 4);
  CHECK(things.next() == 4);
  things.add("e");
  CHECK(things.at(4) == "e");
}

TEST_CASE("what is taken back leaves its number to the next") {
  Numbered<int> things;
  things.add(1);
  things.add(2);
  things.take_back();
  CHECK(things.next() == 1);
  things.add(3);
  CHECK(things.at(1) == 3);
}

}  // namespace sluice
