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
  void leave_open(const char* key) {
    REQUIRE(call(*store, CreateUpload{Key(key), unit->mark(1)}).ok());
  }
  void write(const Record& record) {
    REQUIRE(call(*store, Put{unit->record_key(), print(record)}).ok());
  }
  void sweep() {
    SweepTwins sweep(unit);
    while (!sweep.done()) {
      auto asked = sweep.next();
      REQUIRE(asked);
      sweep.take(asked->id, call(*store, std::move(asked->request)));
    }
    CHECK_MESSAGE(!sweep.error(), sweep.error()->message);
  }
};

}  // namespace

TEST_CASE("a twin that nobody names is aborted once the unit is committed") {
  Case it;
  it.leave_open("u-00000.gz");
  it.leave_open("other-00000.gz");
  Record record{.job = "j", .unit = "u", .epoch = 1};
  record.manifest = manifest_of(Intent{}, {});
  record.manifest->epoch = 1;
  it.write(record);
  it.sweep();
  REQUIRE(it.store->open_uploads().size() == 1);
  CHECK(it.store->open_uploads()[0].key == Key("other-00000.gz"));
}

TEST_CASE("a unit that somebody has claimed since is theirs to sweep") {
  Case it;
  it.leave_open("u-00000.gz");
  it.write({.job = "j", .unit = "u", .epoch = 2, .run = "another"});
  it.sweep();
  CHECK(it.store->open_uploads().size() == 1);
}

}  // namespace sluice::ledger
