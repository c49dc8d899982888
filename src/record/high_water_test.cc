#include "record/high_water.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <limits>

namespace sluice {
namespace {

using Mark = HighWater::Mark;
using Marks = std::vector<Mark>;

TEST_CASE("The greatest value is kept, and the records within the lookback below it") {
  HighWater water;
  for (const Mark& mark : Marks{{10, 1}, {30, 3}, {20, 2}, {25, 4}, {30, 5}}) water.add(mark, 5);
  water.settle(5);
  CHECK(water.greatest() == 30);
  CHECK(water.near() == Marks{{30, 5}, {30, 3}, {25, 4}});
}

TEST_CASE("Without a lookback the records at the greatest value itself are kept") {
  HighWater water;
  for (const Mark& mark : Marks{{7, 1}, {7, 1}, {7, 2}, {6, 3}}) water.add(mark, 0);
  water.settle(0);
  CHECK(water.near() == Marks{{7, 2}, {7, 1}});
}

TEST_CASE("However records are dealt out, and in whatever order, it comes to the same") {
  Marks marks;
  for (uint64_t i = 0; i < 20'000; ++i) {
    marks.push_back({static_cast<int64_t>(i * 7919 % 10'007), i});
  }
  HighWater whole;
  for (const Mark& mark : marks) whole.add(mark, 3);
  whole.settle(3);
  std::reverse(marks.begin(), marks.end());
  HighWater parts[3], merged;
  for (size_t i = 0; i < marks.size(); ++i) parts[i % 3].add(marks[i], 3);
  for (const HighWater& part : parts) merged.merge(part, 3);
  merged.settle(3);
  CHECK(merged.greatest() == 10'006);
  CHECK(merged.near() == whole.near());
}

TEST_CASE(
    "What lies beyond doesn't move the greatest, is known again, and counts once it is caught up "
    "with") {
  HighWater water;
  water.add({100, 1}, 5);
  water.add_beyond({9'000, 2});
  water.add_beyond({9'000, 2});
  water.settle(5);
  CHECK(water.greatest() == 100);
  CHECK(water.beyond() == Marks{{9'000, 2}});
  CHECK(water.had({9'000, 2}));
  CHECK_FALSE(water.had({9'000, 3}));
  CHECK(water.print_near() == "0:1 +22c4:2");
  auto read = HighWater::parse(100, water.print_near());
  REQUIRE(read);
  CHECK(read->near() == water.near());
  CHECK(read->beyond() == water.beyond());
  read->add({9'003, 4}, 5);
  read->settle(5);
  CHECK(read->beyond().empty());
  CHECK(read->near() == Marks{{9'003, 4}, {9'000, 2}});
}

TEST_CASE("What it has come to is read back from its text") {
  HighWater water;
  const int64_t least = std::numeric_limits<int64_t>::min();
  const int64_t most = std::numeric_limits<int64_t>::max();
  for (const Mark& mark : Marks{{least, 0}, {most, ~0ULL}, {most - 255, 9}, {0, 1}}) {
    water.add(mark, ~0ULL);
  }
  water.settle(~0ULL);
  CHECK(water.print_near().starts_with("0:ffffffffffffffff ff:9 "));
  const auto read = HighWater::parse(most, water.print_near());
  REQUIRE(read);
  CHECK(read->near() == water.near());
  CHECK(HighWater::parse(1, "")->near().empty());
}

TEST_CASE("Another text is none") {
  for (const char* text : {"0", ":", "0:", "g:1", "0:1,", "0:1  0:2", "0:11111111111111111"}) {
    CAPTURE(text);
    CHECK_FALSE(HighWater::parse(1, text));
  }
}

}  // namespace
}  // namespace sluice
