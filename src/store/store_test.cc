#include "store/store.h"

#include <doctest/doctest.h>

namespace sluice {

TEST_CASE("a request says what it is") {
  CHECK(describe(Get{Key("dt=1/a.gz"), Range{0, 1024}}) == "get dt=1/a.gz [0, 1024)");
  CHECK(describe(Put{Key("a"), "x", Absent{}}) == "put a if absent");
  CHECK(describe(Put{Key("a"), "x", ETag("e1")}) == "put a if it is e1");
  CHECK(describe(Delete{Key("a")}) == "delete a");
  CHECK(describe(List{"a/", "/"}) == "list a/*");
  CHECK(describe(PutPart{Key("a"), UploadId("U"), 3}) == "put_part a part 3 of upload U");
  CHECK(verb(Head{}) == "head");
  CHECK(verb(CreateUpload{}) == "create_upload");
  CHECK(verb(Complete{}) == "complete");
  CHECK(verb(Abort{}) == "abort");
  CHECK(verb(ListUploads{}) == "list_uploads");
}

}  // namespace sluice
