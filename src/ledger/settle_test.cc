// What lies beside the record: settle's sweep of it, and a stream's earlier manifests.
#include "ledger/settle.h"

#include "ledger/driver_for_tests.h"

namespace sluice::ledger {

TEST_CASE("a long list of inputs lies beside the record; settle sweeps those nobody names") {
  Driver driver;
  for (const char* run_name : {"A", "B"}) {
    UnitRun run(unit_for(run_name), {});
    driver.drive(run);
    Intent intent = fill(driver, run, {{"u-00000.x", run_name}});
    for (int i = 0; i < 2000; ++i) {
      intent.inputs.list.push_back({Key("in/" + std::to_string(i)), ETag("0123456789"), 7});
    }
    run.fill(std::move(intent));
    driver.drive(run);
    CHECK(run.outcome() == UnitRun::Outcome::won);
  }
  const Inputs named = driver.record().manifest->inputs;
  CHECK(named.file == "u/2.inputs.json");
  CHECK(named.count == 2000);
  CHECK(named.list.empty());
  const Key first("state/trail/u/1.inputs.json"), second("state/trail/u/2.inputs.json");
  CHECK(driver.store().objects().contains(first));
  Settle settle(unit_for("S"));
  driver.drive(settle);
  CHECK(!settle.error());
  CHECK(!driver.store().objects().contains(first));
  const std::string text = driver.store().objects().at(second);
  CHECK(parse_inputs(text, second).value().size() == 2000);
}

TEST_CASE("settle fences a dead claim, sweeps what it left, and leaves other units alone") {
  Driver driver;
  UnitRun dead(unit_for("A"), {});
  driver.drive(dead);
  fill(driver, dead, {{"u-00000.x", "1"}, {"v-00000.x", "another unit's"}});
  Settle settle(unit_for("S"));
  driver.drive(settle);
  REQUIRE(settle.done());
  CHECK(!settle.error());
  CHECK(settle.fenced());
  CHECK(settle.aborted() == 1);
  CHECK(driver.record().epoch == 2);
  CHECK(!driver.record().run);
  REQUIRE(driver.store().open_uploads().size() == 1);
  CHECK(driver.store().open_uploads()[0].key == Key("lake/v-00000.x"));
}

TEST_CASE("open uploads listed in a circle, or one twice, are an error and not for ever") {
  const OpenUpload one{Key("lake/u-00000.x"), UploadId("1")},
      two{Key("lake/u-00001.x"), UploadId("1")};
  const auto error_of = [](std::vector<UploadPage> pages) {
    ListOpen list(unit_for("S"));
    for (UploadPage& page : pages) {
      REQUIRE(list.next());
      list.take(0, Answer(std::move(page)));
      if (list.done()) break;
    }
    REQUIRE(list.done());
    return list.error() ? list.error()->message : "";
  };
  const auto says = [](const std::string& text) {
    return text.find("doesn't go forward") != std::string::npos;
  };
  CHECK(error_of({{.uploads = {one}, .next = "1"}, {.uploads = {two}}}).empty());
  CHECK(says(error_of({{.uploads = {one}, .next = ""}})));
  CHECK(says(error_of({{.uploads = {one}, .next = "1"}, {.uploads = {}, .next = "1"}})));
  CHECK(says(error_of({{.uploads = {two, one}}})));
  CHECK(says(error_of({{.uploads = {one}, .next = "1"}, {.uploads = {one}}})));
  // Two of one key are two, in whatever order their ids are.
  const OpenUpload other{one.key, UploadId("0")};
  CHECK(error_of({{.uploads = {one}, .next = "1"}, {.uploads = {other, two}}}).empty());
}

TEST_CASE("settle of a unit that never was does nothing") {
  Driver driver;
  Settle settle(unit_for("S"));
  driver.drive(settle);
  CHECK(settle.done());
  CHECK(!settle.held().record);
  CHECK(driver.store().objects().empty());
}

TEST_CASE("a stream's owner stays; each manifest it leaves behind lies beside the record") {
  Driver driver;
  UnitRun run(unit_for("A"), {.stream = true});
  driver.drive(run);
  uint64_t position = 0;
  for (const uint64_t end : {3, 5, 9}) {
    REQUIRE(run.wants_fill());
    CHECK(run.record().position == position);
    const std::string name = "u-0000" + std::to_string(position) + ".x";
    run.fill(fill(driver, run, {{name, "m" + std::to_string(end)}}, end));
    driver.drive(run);
    CHECK(run.committed());
    position = end;
  }
  run.leave();
  CHECK(run.outcome() == UnitRun::Outcome::left);
  CHECK(driver.visible() == "u-00000.x=m3 u-00003.x=m5 u-00005.x=m9 ");
  CHECK(driver.record().position == 9);
  CHECK(driver.record().manifest->end == 9);
  CHECK(driver.record().epoch == 1);
  for (const uint64_t end : {3, 5}) {
    const Key key("state/trail/u/" + std::to_string(end) + ".json");
    REQUIRE(driver.store().objects().contains(key));
    CHECK(parse_manifest(driver.store().objects().at(key), key).value().end == end);
  }
  CHECK(!driver.store().objects().contains(Key("state/trail/u/9.json")));
}

TEST_CASE("a stream's zombie loses its span to the next owner, who goes on where it was") {
  Driver driver;
  UnitRun zombie(unit_for("A"), {.stream = true});
  driver.drive(zombie);
  zombie.fill(fill(driver, zombie, {{"u-00000.x", "a"}}, 4));
  driver.drive(zombie);
  Intent late = fill(driver, zombie, {{"u-00004.x", "late"}}, 6);
  UnitRun next(unit_for("B"), {.stream = true});
  driver.drive(next);
  CHECK(next.record().position == 4);
  next.fill(fill(driver, next, {{"u-00004.x", "b"}}, 7));
  driver.drive(next);
  zombie.fill(std::move(late));
  driver.drive(zombie);
  CHECK(zombie.outcome() == UnitRun::Outcome::lost);
  CHECK(driver.visible() == "u-00000.x=a u-00004.x=b ");
}

}  // namespace sluice::ledger
