#include "flow/incremental.h"

#include <doctest/doctest.h>

#include <limits>

namespace sluice {
namespace {

const Incremental by_number{.field = {}, .kind = CursorKind::integer, .from = 5, .lookback = 10};

TEST_CASE("The first pass begins where the job says, later ones a lookback below the greatest") {
  CHECK(since(by_number, {}, {}).from == 5);
  HighWater before;
  before.add({100, 1}, 10);
  CHECK(since(by_number, {before, {}}, {}).from == 90);
  HighWater low;
  low.add({std::numeric_limits<int64_t>::min() + 3, 1}, 10);
  CHECK(since(by_number, {low, {}}, {}).from == std::numeric_limits<int64_t>::min());
}

TEST_CASE("A record is known again by its value and its bytes") {
  HighWater before;
  for (int64_t value = 95; value <= 100; ++value) before.add({value, 7}, 10);
  before.settle(10);
  const Since begun = since(by_number, {before, {}}, {});
  CHECK(begun.had({97, 7}));
  CHECK_FALSE(begun.had({97, 8}));
  CHECK_FALSE(begun.had({101, 7}));
}

TEST_CASE(
    "A pass begins no lower than what earlier ones know again, whatever the lookback is now") {
  HighWater before;
  before.add({100, 1}, 10);
  const Since begun = since(by_number, {before, 97}, {});
  CHECK(begun.from == 97);
  // It has asked from 97 on, so no more than that is covered, until the greatest has moved away.
  HighWater after = before;
  after.add({103, 2}, 10);
  CHECK(begun.covered_by(after) == 97);
  after.add({150, 3}, 10);
  CHECK(begun.covered_by(after) == 140);
  // Of a first pass: from where it has begun.
  CHECK(since(by_number, {}, {}).covered_by(before) == 90);
  HighWater low;
  low.add({7, 1}, 10);
  CHECK(since(by_number, {}, {}).covered_by(low) == 5);
}

TEST_CASE("Without a lookback a late tie may never show, which is told") {
  CHECK(doubt_of(by_number).empty());
  CHECK(doubt_of({.field = *json::parse_path(".id")}).find("late with the .id") !=
        std::string::npos);
}

TEST_CASE("Times are read in any zone and asked for in UTC") {
  const auto value = cursor_value("\"2024-02-08T11:00:00.5+01:00\"", CursorKind::time);
  REQUIRE(value);
  CHECK(print_cursor(*value, CursorKind::time) == "2024-02-08T10:00:00.500Z");
  CHECK(cursor_value("\"2024-02-08\"", CursorKind::time) ==
        cursor_value("\"2024-02-08T00:00:00Z\"", CursorKind::time));
  for (const char* raw : {"null", "17", "\"soon\"", "{}", "\"\""}) {
    CAPTURE(raw);
    CHECK_FALSE(cursor_value(raw, CursorKind::time));
  }
}

TEST_CASE("A time beyond what can be counted is one, and the latest") {
  const auto ever = cursor_value("\"9999-12-31T23:59:59Z\"", CursorKind::time);
  REQUIRE(ever);
  CHECK(*ever > *cursor_value("\"2199-01-01T00:00:00Z\"", CursorKind::time));
  CHECK(cursor_value("\"9999-12-31\"", CursorKind::time) == ever);
  CHECK(*cursor_value("\"0001-01-01T00:00:00Z\"", CursorKind::time) <
        *cursor_value("\"1900-01-01\"", CursorKind::time));
}

TEST_CASE("Numbers are integers, in quotes or without") {
  CHECK(cursor_value("4711", CursorKind::integer) == 4711);
  CHECK(cursor_value("\"-3\"", CursorKind::integer) == -3);
  CHECK(print_cursor(-3, CursorKind::integer) == "-3");
  for (const char* raw : {"1.5", "1e3", "99999999999999999999", "\"x\"", "true"}) {
    CAPTURE(raw);
    CHECK_FALSE(cursor_value(raw, CursorKind::integer));
  }
}

}  // namespace
}  // namespace sluice
