#include "source/key_steps.h"

#include <doctest/doctest.h>

namespace sluice {
namespace {

std::vector<Listed> page_of(const std::vector<std::string>& keys) {
  std::vector<Listed> page;
  for (const std::string& key : keys) page.push_back({Key(key), 1, ETag("e")});
  return page;
}
using Steps = std::vector<std::string>;

}  // namespace

TEST_CASE("padded numbers are counted on, with a carry into what hasn't differed yet") {
  std::vector<std::string> keys;
  for (int i = 1900; i < 2000; ++i) keys.push_back("k/part-" + std::to_string(i) + ".gz");
  CHECK(steps_behind(page_of(keys), 2, "", 3) ==
        Steps{"k/part-2088", "k/part-2177", "k/part-2266"});
}

TEST_CASE("hexadecimal names go on behind 9 with a") {
  CHECK(steps_behind(page_of({"00a", "03f", "088", "0ff"}), 0, "", 2) == Steps{"1db", "2b7"});
}

TEST_CASE("steps stay below the end, and in what is fixed") {
  const auto page = page_of({"p/10", "p/15", "p/19"});
  CHECK(steps_behind(page, 2, "p/30", 8) == Steps{"p/27"});
  CHECK(steps_behind(page, 2, "p/20", 8).empty());
  const Steps all = steps_behind(page, 2, "", 100);
  CHECK(all.size() == 10);
  CHECK(all.back() == "p/99");
}

TEST_CASE("where nothing counts there are no steps") {
  CHECK(steps_behind({}, 0, "", 8).empty());
  CHECK(steps_behind(page_of({"a"}), 0, "", 8).empty());
  CHECK(steps_behind(page_of({"a", "a/b", "a/c"}), 0, "", 0).empty());
  CHECK(steps_behind(page_of({"p/a", "p/b"}), 3, "", 8).empty());
  CHECK(steps_behind(page_of({"z/y", "z/z"}), 2, "", 8).empty());
  // Cut in the middle of a sign a key would be no text.
  for (const std::string& step : steps_behind(page_of({"\xc3\xa4"
                                                       "1",
                                                       "\xc3\xa4"
                                                       "5"}),
                                              0, "", 8))
    CHECK(step.empty());
}

}  // namespace sluice
