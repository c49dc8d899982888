#include "ledger/twins.h"

#include <doctest/doctest.h>

#include "ledger/driver_for_tests.h"
#include "ledger/record.h"
#include "store/memory.h"

namespace sluice::ledger {

namespace {

struct Case {
  std::unique_ptr<MemoryStore> store = make_memory_store();
  UnitPtr unit = [] {
    Unit made{.job = "j", .id = "u", .names = Names::of_unit("", "u")};
    made.state_prefix = "_sluice/";
    made.run = "run-1";
    return std::make_shared<const Unit>(std::move(made));
  }();
  UploadId leave_open(const char* key) {
    return call_for<UploadId>(*store, CreateUpload{Key(key), unit->mark(1)}).value();
  }
  void write(const Record& record) {
    REQUIRE(call(*store, Put{unit->record_key(), print(record)}).ok());
  }
  void sweep(SweepTwins sweep) {
    while (!sweep.done()) {
      auto asked = sweep.next();
      REQUIRE(asked);
      sweep.take(asked->id, call(*store, std::move(asked->request)));
    }
    CHECK_FALSE(sweep.error());
  }
};

}  // namespace

TEST_CASE("before the intent a twin is aborted; what is kept, and other units' stay") {
  Case it;
  const UploadId kept = it.leave_open("u-00000.gz");
  it.leave_open("u-00000.gz");
  it.leave_open("other-00000.gz");
  it.write({.job = "j", .unit = "u", .epoch = 1, .run = "run-1"});
  it.sweep(SweepTwins(it.unit, 1, {kept}));
  REQUIRE(it.store->open_uploads().size() == 2);
  CHECK(it.store->open_uploads()[1].id == kept);
}

TEST_CASE("after a failure all that the record doesn't name is aborted") {
  Case it;
  it.leave_open("u-00000.gz");
  it.write({.job = "j", .unit = "u", .epoch = 1});
  it.sweep(SweepTwins(it.unit));
  CHECK(it.store->open_uploads().empty());
}

TEST_CASE("a unit that somebody has claimed since is theirs to sweep") {
  Case it;
  it.leave_open("u-00000.gz");
  it.write({.job = "j", .unit = "u", .epoch = 2, .run = "another"});
  it.sweep(SweepTwins(it.unit));
  it.sweep(SweepTwins(it.unit, 1, {}));
  CHECK(it.store->open_uploads().size() == 1);
}

}  // namespace sluice::ledger
