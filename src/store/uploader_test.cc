#include "store/uploader.h"

#include <doctest/doctest.h>

#include "base/checksum.h"
#include "store/memory.h"

namespace sluice {

TEST_CASE(
    "an upload is created once, its parts are numbered as they were added, and sums are of all") {
  auto store = make_memory_store();
  Uploader upload(Key("k"), Mark("job/u/1"));
  Budget budget(100);
  upload.add(Buffer::of("hello "), std::move(*budget.try_reserve(6)));
  upload.add(Buffer::of("world"), std::move(*budget.try_reserve(5)));
  Inbox inbox;
  for (Ticket ticket = 1; !upload.idle(); ++ticket) {
    while (auto start = upload.next()) {
      store->start(std::move(start->request), std::move(start->lease), ticket, inbox);
    }
    auto event = inbox.wait();
    REQUIRE(upload.take(dynamic_cast<Answered&>(*event)).ok());
  }
  CHECK(budget.used() == 0);
  CHECK(upload.bytes() == 11);
  CHECK(upload.crc32c() == crc32c("hello world"));
  REQUIRE(upload.parts().size() == 2);
  REQUIRE(call(*store, Complete{Key("k"), *upload.id(), upload.parts()}).ok());
  CHECK(call_for<Body>(*store, Get{.key = Key("k")})->bytes.view() == "hello world");
  CHECK(store->mark_of(Key("k")) == Mark("job/u/1"));
}

TEST_CASE("the first parts are there once all of them are acknowledged, in whatever order") {
  Uploader upload(Key("k"), Mark("m"), {.id = UploadId("u"), .parts = {{.number = 1}}, .bytes = 1});
  CHECK(upload.has_first_parts(1));
  for (int i = 0; i < 4; ++i) upload.add(Buffer::of("x"), {});
  while (upload.next()) {
  }
  const auto acknowledge = [&](uint32_t number) {
    Answered answered(number, Answer(PartTag{.number = number}), {}, {});
    REQUIRE(upload.take(answered).ok());
  };
  CHECK(upload.has_first_parts(0));
  CHECK_FALSE(upload.has_first_parts(2));
  acknowledge(5);
  acknowledge(3);
  CHECK_FALSE(upload.has_first_parts(2));
  CHECK_FALSE(upload.has_first_parts(3));
  acknowledge(2);
  CHECK(upload.has_first_parts(3));
  CHECK_FALSE(upload.has_first_parts(4));
  CHECK(upload.first_parts(2).size() == 2);
  acknowledge(4);
  REQUIRE(upload.parts().size() == 5);
  for (uint32_t i = 0; i < 5; ++i) CHECK(upload.parts()[i].number == i + 1);
}

TEST_CASE("a part of an upload that is gone is an error, not a loss") {
  auto store = make_memory_store();
  Uploader upload(Key("k"), Mark("m"));
  upload.add(Buffer::of("x"), {});
  Inbox inbox;
  store->start(std::move(upload.next()->request), {}, 1, inbox);
  REQUIRE(upload.take(dynamic_cast<Answered&>(*inbox.wait())).ok());
  REQUIRE(call(*store, Abort{Key("k"), *upload.id()}).ok());
  store->start(std::move(upload.next()->request), {}, 2, inbox);
  const Status status = upload.take(dynamic_cast<Answered&>(*inbox.wait()));
  REQUIRE_FALSE(status.ok());
  CHECK(status.error().kind == ErrorKind::not_found);
}

}  // namespace sluice
