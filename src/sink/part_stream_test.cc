#include "sink/part_stream.h"

#include <doctest/doctest.h>

#include "store/memory.h"

namespace sluice {
namespace {

constexpr uint64_t share_bytes = 24 << 20, mib = 1 << 20;

struct Stream {
  explicit Stream(bool ends_at_points)
      : parts(Uploader(Key("a"), Mark("job/u/1")), share_bytes, ends_at_points) {}

  void append(uint64_t bytes) {
    Lease lease = std::move(*budget.try_reserve(bytes));
    parts.append(std::string(bytes, 'x'), lease);
  }
  // Everything that was asked for is answered.
  void answer_all() {
    while (auto start = parts.next_request()) {
      store->start(std::move(start->request), std::move(start->lease), 1, inbox);
      REQUIRE(parts.take(dynamic_cast<Answered&>(*inbox.wait())).ok());
    }
  }

  Budget budget{64 << 20};
  Inbox inbox;
  std::unique_ptr<MemoryStore> store = make_memory_store();
  PartStream parts;
};

}  // namespace

TEST_CASE("a part's size grows so that ten thousand parts are never the limit of an object") {
  CHECK(part_bytes(1, 24 << 20) == 5 << 20);
  CHECK(part_bytes(1001, 1 << 30) == 10 << 20);
  CHECK(part_bytes(9999, 24 << 20) == 8 << 20);
}

TEST_CASE("a part grows beyond its size for a point to end at, but not much") {
  Stream stream(true);
  stream.append(6 * mib);
  CHECK_FALSE(stream.parts.cut_if_long(false));
  CHECK(stream.parts.cut_if_long(true));
  stream.append(9 * mib);
  CHECK_FALSE(stream.parts.cut_if_long(false));
  stream.append(mib);
  CHECK(stream.parts.cut_if_long(false));

  Stream plain(false);
  plain.append(5 * mib - 1);
  CHECK_FALSE(plain.parts.cut_if_long(true));
  plain.append(1);
  CHECK(plain.parts.cut_if_long(false));
}

TEST_CASE("a later run goes on at no point whose parts aren't all acknowledged") {
  Stream stream(true);
  stream.append(6 * mib);
  REQUIRE(stream.parts.cut_if_long(true));
  stream.parts.keep({.point = 1, .sums = {.records = 10}, .writer = "one"});
  CHECK_FALSE(stream.parts.latest_point());
  stream.answer_all();
  REQUIRE(stream.parts.latest_point());
  CHECK(stream.parts.latest_point()->writer == "one");

  stream.append(6 * mib);
  REQUIRE(stream.parts.cut_if_long(true));
  stream.parts.keep({.point = 2, .sums = {.records = 20}, .writer = "two"});
  const auto point = stream.parts.latest_point();
  REQUIRE(point);
  CHECK(point->point == 1);
  const Upload then = stream.parts.upload_at(*point);
  CHECK(then.content.records == 10);
  CHECK(then.content.bytes == 6 * mib);
  CHECK(then.parts.size() == 1);
  stream.answer_all();
  CHECK(stream.parts.latest_point()->point == 2);
}

TEST_CASE("what is charged for a part goes with it, and comes back once it is acknowledged") {
  Stream stream(false);
  stream.append(2 * mib);
  CHECK(stream.parts.held_bytes() == 2 * mib);
  stream.append(3 * mib);
  REQUIRE(stream.parts.cut_if_long(false));
  CHECK(stream.parts.held_bytes() == 0);
  CHECK(stream.budget.used() == 5 * mib);
  stream.append(7);
  stream.parts.end();
  stream.answer_all();
  CHECK(stream.budget.used() == 0);
  REQUIRE(stream.parts.complete());
  CHECK(stream.parts.upload({.records = 3}).content.bytes == 5 * mib + 7);
}

}  // namespace sluice
