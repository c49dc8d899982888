// Bounded units, against a real store in memory. Every interleaving with others is explored in
// test/explorer.
#include "ledger/unit_run.h"

#include "ledger/driver_for_tests.h"
#include "ledger/settle.h"

namespace sluice::ledger {

TEST_CASE("a unit is claimed, filled and committed; its record says all about it") {
  Driver driver;
  CHECK(run_once(driver, unit_for("A"), {{"u-00000.x", "one"}, {"dt=1/u-00000.x", "two"}}) ==
        UnitRun::Outcome::won);
  CHECK(driver.visible() == "dt=1/u-00000.x=two u-00000.x=one ");
  CHECK(driver.store().open_uploads().empty());
  const Record record = driver.record();
  CHECK(record.epoch == 1);
  CHECK(!record.run);
  CHECK(record.host.empty());
  REQUIRE(finished(record, "f"));
  CHECK(record.manifest->run == "A");
  CHECK(record.manifest->outputs.size() == 2);
  CHECK(driver.store().mark_of(Key("lake/u-00000.x")) == Mark("trail/u/1"));
  for (const Output& output : record.manifest->outputs) {
    const auto meta = call_for<Meta>(driver.store(), Head{output.key});
    CHECK(meta.value().etag == output.etag);
  }
}

TEST_CASE("an open claim says whose it is, since when, where and with which share") {
  Driver driver;
  UnitRun run(unit_for("A"), {});
  driver.drive(run);
  REQUIRE(run.wants_fill());
  const Record record = driver.record();
  CHECK(record.run == "A");
  CHECK(record.host == "h1");
  CHECK(record.since == "2024-02-09T01:00:00Z");
  CHECK(record.share_bytes == 24 << 20);
  CHECK(record == run.record());
}

TEST_CASE("a finished unit is not done again unless told to; then what it no longer writes goes") {
  Driver driver;
  run_once(driver, unit_for("A"), {{"u-00000.x", "1"}, {"u-00001.x", "2"}});
  const UnitRunOptions not_again{.redo = false};
  CHECK(run_once(driver, unit_for("B"), {}, not_again) == UnitRun::Outcome::nothing_to_do);
  CHECK(driver.record().epoch == 1);
  CHECK(run_once(driver, unit_for("C", "g"), {}, not_again) == UnitRun::Outcome::stale);
  CHECK(driver.record().epoch == 1);

  CHECK(run_once(driver, unit_for("D", "g"), {{"u-00001.x", "3"}}) == UnitRun::Outcome::won);
  CHECK(driver.visible() == "u-00001.x=3 ");
  CHECK(finished(driver.record(), "g"));
  CHECK(!driver.record().manifest->todo);
}

TEST_CASE("a unit that was committed before its time was over is done again without being told") {
  Driver driver;
  Unit noon = *unit_for("A");
  noon.early = true;
  run_once(driver, std::make_shared<const Unit>(noon), {{"u-00000.x", "1"}});
  CHECK(driver.record().manifest->early);
  CHECK(!finished(driver.record()));
  const UnitRunOptions not_again{.redo = false};
  CHECK(run_once(driver, unit_for("B"), {{"u-00000.x", "12"}}, not_again) == UnitRun::Outcome::won);
  CHECK(driver.visible() == "u-00000.x=12 ");
  CHECK(finished(driver.record(), "f"));
  CHECK(run_once(driver, unit_for("C"), {}, not_again) == UnitRun::Outcome::nothing_to_do);
}

TEST_CASE("an empty unit has a manifest and no objects") {
  Driver driver;
  run_once(driver, unit_for("A"), {{"u-00000.x", "1"}});
  CHECK(run_once(driver, unit_for("B"), {}) == UnitRun::Outcome::won);
  CHECK(driver.visible().empty());
  CHECK(finished(driver.record()));
}

TEST_CASE("the last claim wins; the other's uploads are swept, and its commit is lost") {
  Driver driver;
  UnitRun slow(unit_for("A"), {});
  driver.drive(slow);
  Intent intent = fill(driver, slow, {{"u-00000.x", "slow"}});
  CHECK(run_once(driver, unit_for("B"), {{"u-00000.x", "quick"}}) == UnitRun::Outcome::won);
  CHECK(driver.store().open_uploads().empty());
  slow.fill(std::move(intent));
  driver.drive(slow);
  CHECK(slow.outcome() == UnitRun::Outcome::lost);
  CHECK(slow.unit_is_finished());
  CHECK(driver.visible() == "u-00000.x=quick ");
}

TEST_CASE("a run that died with its intent in the record is completed by the next") {
  Driver driver;
  UnitRun dies(unit_for("A"), {});
  driver.drive(dies);
  dies.fill(fill(driver, dies, {{"u-00000.x", "1"}, {"u-00001.x", "2"}}));
  Call intent = dies.next().value();
  dies.take(intent.id, call(driver.store(), std::move(intent.request)));
  CHECK(driver.record().intent.has_value());
  CHECK(!dies.may_fail());

  CHECK(run_once(driver, unit_for("B"), {}, {.redo = false}) == UnitRun::Outcome::nothing_to_do);
  CHECK(driver.visible() == "u-00000.x=1 u-00001.x=2 ");
  CHECK(driver.record().manifest->run == "A");
  driver.drive(dies);  // A zombie finds its work done.
  CHECK(dies.outcome() == UnitRun::Outcome::won);
}

TEST_CASE("an intent whose upload has lapsed is dropped, and the unit filled once more") {
  Driver driver;
  UnitRun run(unit_for("A"), {});
  driver.drive(run);
  Intent intent = fill(driver, run, {{"u-00000.x", "1"}, {"u-00001.x", "2"}});
  static_cast<void>(call(driver.store(), Abort{intent.uploads[1].key, intent.uploads[1].id}));
  run.fill(std::move(intent));
  driver.drive(run);
  REQUIRE(run.wants_fill());
  CHECK(run.epoch() == 2);
  CHECK(run.record().leftovers == std::vector{Key("lake/u-00000.x"), Key("lake/u-00001.x")});
  run.fill(fill(driver, run, {{"u-00001.x", "3"}}));
  driver.drive(run);
  CHECK(run.outcome() == UnitRun::Outcome::won);
  CHECK(driver.visible() == "u-00001.x=3 ");
  CHECK(driver.store().open_uploads().empty());
}

TEST_CASE("whatever call gets no answer, whether or not it arrived, the unit is committed") {
  for (const bool reaches : {false, true}) {
    for (uint32_t nth = 1; nth < 20; ++nth) {
      CAPTURE(nth);
      Driver driver;
      run_once(driver, unit_for("A"), {{"u-00002.x", "old"}});
      driver.fail_next(nth, ErrorKind::transient, reaches);
      CHECK(run_once(driver, unit_for("B"), {{"u-00000.x", "1"}, {"u-00001.x", "2"}}) ==
            UnitRun::Outcome::won);
      CHECK(driver.visible() == "u-00000.x=1 u-00001.x=2 ");
      CHECK(driver.store().open_uploads().empty());
    }
  }
}

TEST_CASE("a call that is refused ends the run, which then can say so in the record") {
  Driver driver;
  run_once(driver, unit_for("A"), {{"u-00000.x", "1"}, {"u-00001.x", "2"}});
  UnitRun run(unit_for("B"), {});
  driver.drive(run);
  Intent intent = fill(driver, run, {{"u-00000.x", "3"}});
  const OpenUpload mine{intent.uploads[0].key, intent.uploads[0].id};
  driver.fail_next(1, ErrorKind::denied);  // The HEAD of what is to be retired
  run.fill(std::move(intent));
  driver.drive(run);
  REQUIRE(run.done());
  REQUIRE(run.error());
  CHECK(run.error()->kind == ErrorKind::denied);
  REQUIRE(run.may_fail());
  run.fail({"denied: as the test wants it", "2024-02-09T02:00:00Z"}, {mine});
  driver.drive(run);
  CHECK(run.outcome() == UnitRun::Outcome::failed);
  CHECK(!run.error());
  const Record record = driver.record();
  CHECK(!record.run);
  CHECK(record.failed->why == "denied: as the test wants it");
  CHECK(driver.store().open_uploads().empty());
  CHECK(driver.visible() == "u-00000.x=1 u-00001.x=2 ");
  CHECK(run_once(driver, unit_for("C"), {}) == UnitRun::Outcome::won);
  CHECK(!driver.record().failed);
}

TEST_CASE("a run whose upload is gone asks the record why") {
  Driver driver;
  UnitRun run(unit_for("A"), {});
  driver.drive(run);
  const Upload other = driver.upload(Key("lake/u-00001.x"), run.mark(), "x");
  run.upload_gone({{other.key, other.id}});
  driver.drive(run);
  REQUIRE(run.wants_fill());  // A lifecycle rule: claimed anew, the rest swept.
  CHECK(run.epoch() == 2);
  CHECK(driver.store().open_uploads().empty());

  UnitRun next(unit_for("B"), {});
  driver.drive(next);
  run.upload_gone({});
  driver.drive(run);
  CHECK(run.outcome() == UnitRun::Outcome::lost);
}

TEST_CASE("calls of one kind are made at once, but never more than allowed") {
  Objects many;
  for (int i = 10; i < 40; ++i) many.push_back({"u-000" + std::to_string(i) + ".x", "x"});
  for (const uint32_t allowed : {1u, 7u, 64u}) {
    Driver driver;
    Unit unit = *unit_for("A");
    unit.calls_in_flight = allowed;
    CHECK(run_once(driver, std::make_shared<const Unit>(unit), many) == UnitRun::Outcome::won);
    CHECK(driver.open_most == std::min(allowed, 30u));
    unit.run = "B";
    run_once(driver, std::make_shared<const Unit>(unit), {});
    CHECK(driver.open_most == std::min(allowed, 30u));
    CHECK(driver.visible().empty());
  }
}

TEST_CASE("a unit of one object costs six requests the first time, nine with one to retire") {
  Driver driver;  // As many as the model's; creating and filling the upload is one of its six.
  run_once(driver, unit_for("A"), {{"u-00000.x", "1"}, {"u-00001.x", "2"}});
  CHECK(driver.calls == 6);
  driver.calls = 0;
  run_once(driver, unit_for("B"), {{"u-00000.x", "3"}});
  CHECK(driver.calls == 8);
}

TEST_CASE("a record that can't be understood stops everybody, and is left as it is") {
  Driver driver;
  const std::string body = "{\"format\": 2}";
  static_cast<void>(call(driver.store(), Put{Key("state/trail/u.json"), body}));
  UnitRun run(unit_for("A"), {});
  driver.drive(run);
  REQUIRE(run.error());
  CHECK(run.error()->kind == ErrorKind::invalid);
  CHECK(run.error()->message.find("state/trail/u.json") != std::string::npos);
  CHECK(!run.may_fail());
  Settle settle(unit_for("S"));
  driver.drive(settle);
  REQUIRE(settle.error());
  CHECK(driver.store().objects().at(Key("state/trail/u.json")) == body);
}

TEST_CASE("a record of another unit under this unit's key is left alone") {
  Driver driver;
  const Record other{.job = "trail", .unit = "v", .epoch = 1};
  static_cast<void>(call(driver.store(), Put{Key("state/trail/u.json"), print(other)}));
  UnitRun run(unit_for("A"), {});
  driver.drive(run);
  CHECK(run.error());
}

TEST_CASE("a machine is a value: a copy goes on by itself, and equal machines are equal") {
  Driver driver;
  UnitRun run(unit_for("A"), {});
  UnitRun copy = run;
  CHECK(copy == run);
  const Call read = run.next().value();
  CHECK(!(copy == run));
  CHECK(!run.next());
  const Call same = copy.next().value();
  CHECK(copy == run);
  CHECK(describe(same.request) == describe(read.request));
}

}  // namespace sluice::ledger
