// A bounded unit that goes on where an earlier attempt ended. Every interleaving with others is
// explored in test/explorer.
#include "ledger/driver_for_tests.h"
#include "ledger/settle.h"
#include "ledger/unit_run.h"

namespace sluice::ledger {
namespace {

const UnitRunOptions resuming{.resume = true};

// Puts a further part into an upload, as the sink would.
void put_part(Driver& driver, Upload& upload, std::string_view bytes) {
  PutPart part{upload.key, upload.id, static_cast<uint32_t>(upload.parts.size() + 1)};
  part.body = Buffer::of(bytes);
  part.crc32c = crc32c(bytes);
  const auto tag = call_for<PartTag>(driver.store(), std::move(part));
  REQUIRE_MESSAGE(tag.ok(), tag.error().message);
  upload.parts.push_back(*tag);
}

Upload one_upload(Driver& driver, UnitRun& run, std::string_view bytes = "1") {
  return driver.upload(Key("lake/u-00000.x"), run.mark(), bytes);
}

// A run that has written a checkpoint of one part and gone no further.
Upload interrupted(Driver& driver, const UnitPtr& unit) {
  UnitRun run(unit, resuming);
  driver.drive(run);
  Upload upload = one_upload(driver, run);
  run.checkpoint({.cursor = "p1", .uploads = {upload}, .state = "open"});
  driver.drive(run);
  REQUIRE(run.may_checkpoint());
  run.leave();
  CHECK(run.outcome() == UnitRun::Outcome::left);
  return upload;
}

}  // namespace

TEST_CASE("a unit that was left as it stands is gone on with, and its upload keeps its mark") {
  Driver driver;
  const Upload upload = interrupted(driver, unit_for("A"));
  CHECK(driver.record().run == "A");
  CHECK(driver.record().checkpoint->fingerprint == "f");

  UnitRun run(unit_for("B"), resuming);
  driver.drive(run);
  REQUIRE(run.record().checkpoint);
  CHECK(run.record().checkpoint->state == "open");
  Upload ours = run.record().checkpoint->uploads.at(0);
  CHECK(ours == upload);
  put_part(driver, ours, "2");
  run.checkpoint({.cursor = "p2", .uploads = {ours}});
  CHECK(run.checkpointing());
  CHECK(!run.wants_fill());
  CHECK(!run.may_fail());
  put_part(driver, ours, "3");  // Filled on meanwhile
  driver.drive(run);
  CHECK(!run.checkpointing());
  CHECK(run.record() == driver.record());
  CHECK(run.record().checkpoint->cursor == "p2");
  run.fill({.uploads = {ours}});
  driver.drive(run);
  CHECK(run.outcome() == UnitRun::Outcome::won);
  CHECK(driver.visible() == "u-00000.x=123 ");
  CHECK(driver.store().mark_of(Key("lake/u-00000.x")) == Mark("trail/u/1"));
  CHECK(driver.record().manifest->epoch == 2);
  CHECK(!driver.record().checkpoint);
  CHECK(driver.store().open_uploads().empty());
}

TEST_CASE("an upload with an earlier mark is completed by whoever settles the intent") {
  Driver driver;
  interrupted(driver, unit_for("A"));
  UnitRun dies(unit_for("B"), resuming);
  driver.drive(dies);
  dies.fill({.uploads = dies.record().checkpoint->uploads});
  Call intent = dies.next().value();
  dies.take(intent.id, call(driver.store(), std::move(intent.request)));
  const Upload upload = driver.record().intent->uploads.at(0);
  static_cast<void>(call(driver.store(), Complete{upload.key, upload.id, upload.parts}));

  Settle settle(unit_for("S"));  // Known by its own mark, of epoch 1, though the intent is of 2.
  driver.drive(settle);
  REQUIRE(finished(driver.record()));
  CHECK(driver.record().manifest->epoch == 2);
  CHECK(driver.record().leftovers.empty());
  CHECK(driver.visible() == "u-00000.x=1 ");
}

TEST_CASE("a run that may not resume begins anew and sweeps what the checkpoint named") {
  for (const bool settled : {false, true}) {
    for (const bool other_job : {false, true}) {
      Driver driver;
      interrupted(driver, unit_for("A"));
      if (settled) {
        Settle settle(unit_for("S"));
        driver.drive(settle);
        CHECK(driver.record().checkpoint.has_value());
        CHECK(driver.store().open_uploads().size() == 1);
      }
      UnitRun run(unit_for("B", other_job ? "g" : "f"), {.resume = other_job});
      driver.drive(run);
      CHECK(!run.record().checkpoint);
      CHECK(driver.store().open_uploads().empty());
    }
  }
}

TEST_CASE("a checkpoint finds that somebody else has claimed: nothing is aborted till the end") {
  Driver driver;
  const Upload upload = interrupted(driver, unit_for("A"));
  UnitRun slow(unit_for("B"), resuming);
  driver.drive(slow);
  Upload second = driver.upload(Key("lake/u-00001.x"), slow.mark(), "x");

  UnitRun quick(unit_for("C"), resuming);
  driver.drive(quick);  // Sweeps the second, which no checkpoint names, and has the first.
  const Upload third = driver.upload(Key("lake/u-00001.x"), slow.mark(), "late");
  slow.checkpoint({.cursor = "p2", .uploads = {upload, second}});
  driver.drive(slow);
  REQUIRE(slow.wants_fill());
  CHECK(slow.claim_lost());
  CHECK(!slow.may_checkpoint());
  CHECK(driver.store().open_uploads().size() == 2);
  slow.upload_gone({{upload.key, upload.id}, {second.key, second.id}, {third.key, third.id}});
  driver.drive(slow);
  CHECK(slow.outcome() == UnitRun::Outcome::lost);
  REQUIRE(driver.store().open_uploads().size() == 1);

  quick.fill({.uploads = {upload}});
  driver.drive(quick);
  CHECK(quick.outcome() == UnitRun::Outcome::won);
  CHECK(driver.visible() == "u-00000.x=1 ");
}

TEST_CASE("who fills or fails without having looked whether the claim is lost finds it out") {
  for (const bool fails : {false, true}) {
    Driver driver;
    const Upload upload = interrupted(driver, unit_for("A"));
    UnitRun slow(unit_for("B"), resuming);
    driver.drive(slow);
    UnitRun quick(unit_for("C"), resuming);
    driver.drive(quick);
    slow.checkpoint({.cursor = "p2", .uploads = {}});
    driver.drive(slow);
    fails ? slow.fail({"no", ""}, {}) : slow.fill({.uploads = {}});
    driver.drive(slow);
    CHECK(slow.outcome() == (fails ? UnitRun::Outcome::failed : UnitRun::Outcome::lost));
    CHECK(!driver.record().failed);
    CHECK(driver.store().open_uploads().size() == 1);
    CHECK(driver.record().run == "C");
  }
}

TEST_CASE("who fails takes the checkpoint out, and aborts what it named") {
  Driver driver;
  interrupted(driver, unit_for("A"));
  UnitRun run(unit_for("B"), resuming);
  driver.drive(run);
  run.fail({"the API fails", ""}, {});
  driver.drive(run);
  CHECK(!driver.record().checkpoint);
  CHECK(driver.record().failed->why == "the API fails");
  CHECK(driver.store().open_uploads().empty());
}

TEST_CASE("an upload of the checkpoint that has lapsed makes the unit begin anew") {
  Driver driver;
  const Upload upload = interrupted(driver, unit_for("A"));
  static_cast<void>(call(driver.store(), Abort{upload.key, upload.id}));
  UnitRun run(unit_for("B"), resuming);
  driver.drive(run);
  CHECK(run.record().checkpoint);
  run.upload_gone({});
  driver.drive(run);
  REQUIRE(run.wants_fill());
  CHECK(run.epoch() == 3);
  CHECK(!run.record().checkpoint);
}

TEST_CASE("what a checkpoint does not name any more is aborted once the record says so") {
  Driver driver;
  const Upload old = interrupted(driver, unit_for("A"));
  UnitRun run(unit_for("B"), resuming);
  driver.drive(run);
  Upload copy = one_upload(driver, run);
  run.checkpoint({.cursor = "p1", .uploads = {copy}});
  Call write = run.next().value();
  CHECK(!run.next());
  run.take(write.id, call(driver.store(), std::move(write.request)));
  CHECK(driver.store().open_uploads().size() == 2);
  CHECK(run.checkpointing());
  driver.drive(run);
  REQUIRE(driver.store().open_uploads().size() == 1);

  // Nor is it kept when the intent has no use for it.
  run.fill({.uploads = {}});
  driver.drive(run);
  CHECK(run.outcome() == UnitRun::Outcome::won);
  CHECK(driver.visible().empty());
  CHECK(driver.store().open_uploads().empty());
}

TEST_CASE("a checkpoint whose answer is lost is written, whether or not it arrived") {
  for (const bool reaches : {false, true}) {
    for (uint32_t nth = 1; nth < 4; ++nth) {
      Driver driver;
      UnitRun run(unit_for("A"), resuming);
      driver.drive(run);
      driver.fail_next(nth, ErrorKind::transient, reaches);
      for (const char* cursor : {"p1", "p2"}) {
        run.checkpoint({.cursor = cursor});
        driver.drive(run);
        REQUIRE(run.may_checkpoint());
        CHECK(driver.record().checkpoint->cursor == cursor);
        CHECK(run.record() == driver.record());
      }
    }
  }
}

TEST_CASE("a checkpoint that is refused ends the run, which then can say so in the record") {
  Driver driver;
  interrupted(driver, unit_for("A"));
  UnitRun run(unit_for("B"), resuming);
  driver.drive(run);
  driver.fail_next(1, ErrorKind::denied);
  run.checkpoint({.cursor = "p2", .uploads = run.record().checkpoint->uploads});
  driver.drive(run);
  REQUIRE(run.done());
  CHECK(run.error()->kind == ErrorKind::denied);
  REQUIRE(run.may_fail());
  run.fail({"denied", ""}, {});
  driver.drive(run);
  CHECK(run.outcome() == UnitRun::Outcome::failed);
  CHECK(driver.store().open_uploads().empty());
}

}  // namespace sluice::ledger
