// Leases, against a real store in memory: what is asked of the caller in front of another's claim,
// and what becomes of it. That nothing depends on the caller's clock is explored in test/explorer.
#include "ledger/driver_for_tests.h"
#include "ledger/unit_run.h"

namespace sluice::ledger {

namespace {

constexpr UnitRunOptions plain{.redo = false, .waits = true};
constexpr UnitRunOptions again{.redo = true, .waits = true};

UnitRun claimed(Driver& driver, const char* run, UnitRunOptions options = again) {
  UnitRun made(unit_for(run), options);
  driver.drive(made);
  REQUIRE(made.wants_fill());
  return made;
}

void commit(Driver& driver, UnitRun& run, const Objects& objects) {
  run.fill(fill(driver, run, objects));
  driver.drive(run);
  REQUIRE(run.outcome() == UnitRun::Outcome::won);
}

void look_again(Driver& driver, UnitRun& run) {
  run.look_again();
  driver.drive(run);
}

}  // namespace

TEST_CASE("another's claim is left alone, and the unit is done once the other has committed it") {
  Driver driver;
  UnitRun owner = claimed(driver, "A");
  UnitRun other(unit_for("B"), plain);
  driver.drive(other);
  REQUIRE(other.waits());
  CHECK(other.others().record->run == "A");
  CHECK(other.others().record->host == "h1");
  CHECK(other.others().record->since == "2024-02-09T01:00:00Z");
  look_again(driver, other);
  REQUIRE(other.waits());
  commit(driver, owner, {{"u-00000.x", "1"}});
  look_again(driver, other);
  CHECK(other.outcome() == UnitRun::Outcome::nothing_to_do);
  CHECK(other.done_meanwhile());
  CHECK(driver.record().epoch == 1);
}

TEST_CASE("to look again costs one HEAD, whatever the record's length") {
  Driver driver;
  const UnitRun owner = claimed(driver, "A");
  UnitRun other(unit_for("B"), plain);
  driver.drive(other);
  const uint32_t before = driver.calls;
  look_again(driver, other);
  CHECK(driver.calls == before + 1);
}

TEST_CASE("a renewal is seen as another record, by which nothing else changes") {
  Driver driver;
  UnitRun owner = claimed(driver, "A");
  UnitRun other(unit_for("B"), plain);
  driver.drive(other);
  const Held before = other.others();
  for (uint64_t n = 1; n < 4; ++n) {
    owner.renew();
    CHECK(owner.checkpointing());
    driver.drive(owner);
    REQUIRE(owner.wants_fill());
    look_again(driver, other);
    CHECK(other.others().etag != before.etag);
    Record same = *other.others().record;
    CHECK(same.renewals == n);
    same.renewals = 0;
    CHECK(same == *before.record);
  }
  commit(driver, owner, {{"u-00000.x", "1"}});
  CHECK(driver.record().renewals == 0);
}

TEST_CASE("a claim that was given up for dead is taken only if it was not renewed since") {
  Driver driver;
  UnitRun owner = claimed(driver, "A");
  UnitRun other(unit_for("B"), plain);
  driver.drive(other);
  owner.renew();
  driver.drive(owner);
  other.take_over();
  driver.drive(other);
  REQUIRE(other.waits());  // It lives.
  other.take_over();
  driver.drive(other);
  CHECK(other.wants_fill());
  CHECK(other.epoch() == 2);
}

TEST_CASE("who has lost its claim learns it by its renewal, and waits for the winner") {
  Driver driver;
  UnitRun owner = claimed(driver, "A");
  const Upload upload = driver.upload(Key("lake/u-00000.x"), owner.mark(), "late");
  UnitRun other = claimed(driver, "B", {.redo = false});
  const Upload after = driver.upload(Key("lake/u-00001.x"), owner.mark(), "later");
  owner.renew();
  driver.drive(owner);
  REQUIRE(owner.claim_lost());
  owner.upload_gone({{upload.key, upload.id}, {after.key, after.id}});
  driver.drive(owner);
  REQUIRE(owner.waits());
  CHECK(driver.store().open_uploads().empty());
  commit(driver, other, {{"u-00000.x", "1"}});
  look_again(driver, owner);
  CHECK(owner.outcome() == UnitRun::Outcome::nothing_to_do);
  CHECK(owner.done_meanwhile());
}

TEST_CASE("done by either is done, also for a redo, if the other claimed after our first look") {
  Driver driver;
  run_once(driver, unit_for("O"), {{"u-00000.x", "old"}});
  UnitRun first = claimed(driver, "A");
  UnitRun second(unit_for("B"), again), third(unit_for("C"), again);
  driver.drive(second);
  driver.drive(third);
  commit(driver, first, {{"u-00000.x", "a"}});
  look_again(driver, second);  // What A has read may be older than what B was told to do again.
  REQUIRE(second.wants_fill());
  look_again(driver, third);
  REQUIRE(third.waits());
  commit(driver, second, {{"u-00000.x", "b"}});
  look_again(driver, third);
  CHECK(third.outcome() == UnitRun::Outcome::nothing_to_do);
  CHECK(driver.visible() == "u-00000.x=b ");
}

TEST_CASE("a claim that is given up without a commit is the next one's") {
  Driver driver;
  UnitRun owner = claimed(driver, "A");
  UnitRun other(unit_for("B"), plain);
  driver.drive(other);
  owner.fail({"why", ""}, {});
  driver.drive(owner);
  look_again(driver, other);
  CHECK(other.wants_fill());
}

TEST_CASE("left alone, another's claim is an end of its own, unless the unit is done beneath it") {
  Driver driver;
  UnitRun owner = claimed(driver, "A");
  UnitRun other(unit_for("B"), plain);
  driver.drive(other);
  other.leave_alone();
  CHECK(other.done());
  CHECK(other.outcome() == UnitRun::Outcome::left_alone);
  commit(driver, owner, {{"u-00000.x", "1"}});
  const UnitRun redo = claimed(driver, "C");
  UnitRun beneath(unit_for("D"), plain);
  driver.drive(beneath);
  REQUIRE(beneath.waits());
  beneath.leave_alone();
  driver.drive(beneath);
  CHECK(beneath.outcome() == UnitRun::Outcome::nothing_to_do);
  CHECK(driver.record().run == "C");
}

TEST_CASE("a plain run clears away what a killed redo has left, and does nothing again") {
  Driver driver;
  run_once(driver, unit_for("A"), {{"u-00000.x", "1"}});
  UnitRun killed = claimed(driver, "B");
  driver.upload(Key("lake/u-00000.x"), killed.mark(), "half");
  UnitRun next(unit_for("C"), plain);
  driver.drive(next);
  REQUIRE(next.waits());
  next.take_over();
  driver.drive(next);
  CHECK(next.outcome() == UnitRun::Outcome::nothing_to_do);
  CHECK_FALSE(next.done_meanwhile());
  CHECK(driver.store().open_uploads().empty());
  const Record record = driver.record();
  CHECK(!record.run);
  CHECK(record.host.empty());
  CHECK(finished(record, "f"));
  CHECK(record.epoch == 3);  // So that B, if it lives after all, finds out.
  CHECK(driver.visible() == "u-00000.x=1 ");
  killed.renew();
  driver.drive(killed);
  CHECK(killed.claim_lost());
}

TEST_CASE("a plain run clears away what a redo that was stopped has stored, over a finished unit") {
  Driver driver;
  run_once(driver, unit_for("A"), {{"u-00000.x", "1"}});
  UnitRun stopped(unit_for("B"), {.resume = true, .waits = true});
  driver.drive(stopped);
  const Upload upload = driver.upload(Key("lake/u-00000.x"), stopped.mark(), "half");
  stopped.checkpoint({.cursor = "1", .uploads = {upload}});
  driver.drive(stopped);
  stopped.leave({{upload.key, upload.id}});
  driver.drive(stopped);
  REQUIRE(driver.store().open_uploads().size() == 1);
  CHECK(run_once(driver, unit_for("C"), {}, {.redo = false, .resume = true, .waits = true}) ==
        UnitRun::Outcome::nothing_to_do);
  CHECK(driver.store().open_uploads().empty());
  CHECK(!driver.record().checkpoint);
}

TEST_CASE("what a loser opens after the winner's list is swept after the winner's manifest") {
  Driver driver;
  UnitRun loser = claimed(driver, "A");
  UnitRun winner = claimed(driver, "B", {});
  driver.upload(Key("lake/u-00000.x"), loser.mark(), "late");
  commit(driver, winner, {{"u-00000.x", "1"}});
  CHECK(driver.store().open_uploads().empty());
}

TEST_CASE("a unit that nobody else had claimed costs no list after its manifest") {
  Driver driver;
  run_once(driver, unit_for("A"), {{"u-00000.x", "1"}});
  UnitRun run = claimed(driver, "B");
  const uint32_t before = driver.calls;
  commit(driver, run, {{"u-00000.x", "2"}});
  CHECK(driver.calls == before + 3);  // Intent, completion, manifest
}

TEST_CASE("who leaves gives its claim up, and keeps its checkpoint and what that names") {
  Driver driver;
  UnitRun run(unit_for("A"), {.resume = true, .waits = true});
  driver.drive(run);
  const Upload named = driver.upload(Key("lake/u-00000.x"), run.mark(), "p0");
  run.checkpoint({.cursor = "1", .uploads = {named}});
  driver.drive(run);
  const Upload later = driver.upload(Key("lake/u-00001.x"), run.mark(), "p1");
  run.leave({{named.key, named.id}, {later.key, later.id}});
  driver.drive(run);
  CHECK(run.outcome() == UnitRun::Outcome::left);
  CHECK(!driver.record().run);
  REQUIRE(driver.store().open_uploads().size() == 1);
  CHECK(driver.store().open_uploads()[0].id == named.id);

  UnitRun next(unit_for("B"), {.resume = true, .waits = true});
  driver.drive(next);
  REQUIRE(next.wants_fill());  // Without a wait
  CHECK(next.record().checkpoint->cursor == "1");
}

TEST_CASE("a stream's owner that leaves is not waited for; one that is dead is") {
  const UnitRunOptions stream{.stream = true, .waits = true};
  Driver driver;
  UnitRun owner(unit_for("A"), stream);
  driver.drive(owner);
  owner.fill(fill(driver, owner, {{"u-00000.x", "0"}}, 1));
  driver.drive(owner);
  REQUIRE(owner.wants_fill());
  UnitRun other(unit_for("B"), stream);
  driver.drive(other);
  REQUIRE(other.waits());
  owner.renew();
  driver.drive(owner);
  owner.leave();
  driver.drive(owner);
  look_again(driver, other);
  REQUIRE(other.wants_fill());
  CHECK(other.record().position == 1);
}

}  // namespace sluice::ledger
