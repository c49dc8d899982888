#include "sink/stored_object.h"

#include <doctest/doctest.h>

namespace sluice {

TEST_CASE("a stored object gives back all that was prepared, with its own mark or the fill's") {
  const Mark mark("job/u/2");
  Prepared prepared{.key = Key("lake/a.gz"), .id = UploadId("id\n with\0anything"), .mark = mark};
  prepared.bytes = 9'000'000;
  prepared.records = 41;
  prepared.crc32c = 0xfedcba98;
  prepared.may_have_twin = true;
  CHECK(StoredObject(prepared, mark).prepared(prepared.key, mark) == prepared);
  prepared.parts = {{1, ETag("\"a\"\n"), 7}, {2, ETag(""), 0xffffffff}};
  prepared.least = WallTime{-5};
  prepared.greatest = WallTime{1'707'350'400'000'000'000};
  CHECK(StoredObject(prepared, mark).prepared(prepared.key, mark) == prepared);
  prepared.parts[0].etag = ETag("d41d8cd98f00b204e9800998ecf8427e");
  prepared.parts[1].etag = ETag("D41D8CD98F00B204E9800998ECF8427E");
  CHECK(StoredObject(prepared, mark).prepared(prepared.key, mark) == prepared);
  prepared.mark = Mark("job/u/1");
  const StoredObject stored(prepared, mark);
  CHECK(stored.prepared(prepared.key, mark) == prepared);
  CHECK(stored.id() == prepared.id);
}

}  // namespace sluice
