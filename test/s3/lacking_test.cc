// What a server lacks and the store makes up for by looking: the fake does it all, so it must not
// even be asked for it.
#include <doctest/doctest.h>

#include "s3/fake.h"
#include "store/contract.h"

namespace sluice {
namespace {

using contract::Client;
using contract::kind;
using contract::require_ok;

S3Options options_without(const Fake& fake, bool Features::*what) {
  S3Options options = options_for_faults(fake);
  options.features.*what = false;
  return options;
}

}  // namespace

TEST_SUITE("faults") {
  TEST_CASE("without conditional writes a put looks first, and keeps its expectation") {
    const Fake fake;
    S3Door store(fake.server(), options_without(fake, &Features::conditional_put));
    const Client client{store, ""};
    const auto first = client.put("record", "1", Absent{});
    require_ok(first);
    CHECK(fake.asked("head") == 1);
    CHECK(kind(client.put("record", "2", Absent{})) == ErrorKind::conflict);
    const auto second = client.put("record", "3", first->etag);
    require_ok(second);
    CHECK(kind(client.put("record", "4", first->etag)) == ErrorKind::conflict);
    CHECK(kind(client.put("other", "5", first->etag)) == ErrorKind::conflict);
    CHECK(client.text("record") == "3");
    CHECK(fake.asked("put") == 2);
    require_ok(client.put("record", "6"));
    CHECK(fake.asked("head") == 5);
  }

  TEST_CASE("without conditional writes a put whose answer was lost is simply done again") {
    const Fake fake;
    S3Door store(fake.server(), options_without(fake, &Features::conditional_put));
    fake.again("verb=put,times=1,do=reset_after");
    const Told told = ask(store, Put{Key("record"), "1", Absent{}});
    REQUIRE_MESSAGE(told.ok(), told.message());
    CHECK(fake.asked("put") == 2);
  }

  TEST_CASE("without an exact delete another object is spared all the same") {
    const Fake fake;
    S3Door store(fake.server(), options_without(fake, &Features::exact_delete));
    const Client client{store, ""};
    const ETag etag = client.put("x", "1")->etag;
    require_ok(client.put("x", "2"));
    CHECK(kind(client.remove("x", ExactObject{etag, Mark()})) == ErrorKind::conflict);
    CHECK(fake.asked("delete") == 0);
    CHECK(kind(client.remove("y", ExactObject{etag, Mark()})) == ErrorKind::not_found);
    require_ok(client.remove("x", ExactObject{client.head("x")->etag, Mark()}));
    CHECK_FALSE(client.head("x").ok());
  }

  TEST_CASE("where gone uploads are completed with a success, what is there is looked at") {
    const Fake fake;
    S3Door store(fake.server(), options_without(fake, &Features::completes_once));
    const Client client{store, ""};
    const UploadId id = client.create("x", "mark");
    const PartTag tag = client.tag("x", id, 1, Buffer::of("bytes"));
    fake.again("");
    const auto done = client.complete("x", id, {tag});
    require_ok(done);
    CHECK(done->etag == client.head("x")->etag);
    CHECK(fake.asked("head") == 2);
  }
}

}  // namespace sluice
