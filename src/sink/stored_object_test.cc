#include "sink/stored_object.h"

#include <doctest/doctest.h>

namespace sluice {

TEST_CASE("a stored object gives back all of its upload, with its own mark or the fill's") {
  const Mark mark("job/u/2");
  Upload upload{.key = Key("lake/a.gz"), .id = UploadId("id\n with\0anything"), .mark = mark};
  upload.content.bytes = 9'000'000;
  upload.content.records = 41;
  upload.content.crc32c = 0xfedcba98;
  CHECK(StoredObject(upload, mark).upload(upload.key, mark) == upload);
  upload.parts = {{1, ETag("\"a\"\n"), 7}, {2, ETag(""), 0xffffffff}};
  upload.content.least = WallTime{-5};
  upload.content.greatest = WallTime{1'707'350'400'000'000'000};
  CHECK(StoredObject(upload, mark).upload(upload.key, mark) == upload);
  upload.parts[0].etag = ETag("d41d8cd98f00b204e9800998ecf8427e");
  upload.parts[1].etag = ETag("D41D8CD98F00B204E9800998ECF8427E");
  CHECK(StoredObject(upload, mark).upload(upload.key, mark) == upload);
  upload.mark = Mark("job/u/1");
  const StoredObject stored(upload, mark);
  CHECK(stored.upload(upload.key, mark) == upload);
  CHECK(stored.id() == upload.id);
}

}  // namespace sluice
