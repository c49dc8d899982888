// Commits that don't finish their unit: before its time was over, where what is asked for belongs
// to that time, or with --limit.
#include <doctest/doctest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

#include "base/time.h"
#include "ledger/record.h"
#include "world.h"

namespace sluice {
namespace {

constexpr WallTime noon = {1'707'393'600'000'000'000};  // 2024-02-08T12:00:00Z
constexpr WallTime later(Nanoseconds by) {
  return {noon.ns + by};
}

std::string objects_job(const std::string& units) {
  return "name: o\nunits: { each: day, default: 2024-02-08" + units +
         " }\nsource: { objects: \"in/{unit:%F}/\" }\ndecode: jsonl\n"
         "sink: { lake: \"lake/\", format: jsonl }\n";
}

ledger::Manifest manifest(const World& world) {
  return world.manifest("o", "2024-02-08");
}

bool is_early(const World& world) {
  return manifest(world).early;
}

UnitOutcome outcome_of_last(const Result<RunReport>& report) {
  REQUIRE(report.ok());
  CHECK(report->exit_code(false) == 0);
  return report->units.back().outcome;
}

// A program's output, which tests change.
class Feed {
 public:
  Feed() : path_(std::filesystem::temp_directory_path() / ("early." + std::to_string(getpid()))) {}
  ~Feed() { std::filesystem::remove(path_); }
  void holds(const std::string& lines) const { std::ofstream(path_) << lines; }

  // `more`: further words of its call.
  std::string job(const std::string& more) const {
    return "name: o\nunits: { each: day, default: 2024-02-08 }\nsource: { exec: [ sh, -c, \"cat " +
           path_.string() + "\"" + more +
           " ] }\ndecode: jsonl\nsink: { lake: \"lake/\", format: jsonl, partition: \"{unit}/\" "
           "}\n";
  }

 private:
  std::filesystem::path path_;
};

}  // namespace

TEST_CASE(
    "a day that was loaded at noon is loaded again once it is over, and what was late lands") {
  // By itself, among so many that they are looked at beforehand, and where young days are looked
  // at anyway.
  struct Way {
    std::string late, from;
  };
  for (const Way& way :
       {Way{"", "2024-02-08"}, Way{"", "2024-01-20"}, Way{", late: 1d", "2024-02-08"}}) {
    CAPTURE(way.late);
    CAPTURE(way.from);
    const std::string job = objects_job(way.late);
    const UnitsAsked asked{.from = way.from, .to = "2024-02-08"};
    World world;
    world.give("2024-02-08/10.jsonl", "{\"hour\":10}\n");
    world.wall = noon;
    CHECK(outcome_of_last(world.run(job, {}, asked)) == UnitOutcome::done);
    CHECK(is_early(world));

    world.give("2024-02-08/20.jsonl", "{\"hour\":20}\n");
    world.wall = later(12 * 3'600_s);  // Midnight
    CHECK(outcome_of_last(world.run(job, {}, asked)) == UnitOutcome::done);
    CHECK(world.text() == "{\"hour\":10}\n{\"hour\":20}\n");
    CHECK_FALSE(is_early(world));
    CHECK(outcome_of_last(world.run(job, {}, asked)) == UnitOutcome::done_already);
  }
}

TEST_CASE("a day that was loaded at noon is finished once it is over, though nothing was late") {
  for (const std::string late : {"", ", late: 1d"}) {
    CAPTURE(late);
    World world;
    world.give("2024-02-08/10.jsonl", "{\"hour\":10}\n");
    world.wall = noon;
    CHECK(outcome_of_last(world.run(objects_job(late))) == UnitOutcome::done);
    CHECK(outcome_of_last(world.run(objects_job(late))) == UnitOutcome::done_already);
    CHECK(is_early(world));
    world.wall = later(12 * 3'600_s);
    CHECK(outcome_of_last(world.run(objects_job(late))) == UnitOutcome::done);
    CHECK_FALSE(is_early(world));
    CHECK(outcome_of_last(world.run(objects_job(late))) == UnitOutcome::done_already);
  }
}

TEST_CASE("a day asked for by its time is asked for again once it is over; a snapshot isn't") {
  const Feed feed;
  for (const bool asks_by_time : {true, false}) {
    CAPTURE(asks_by_time);
    const std::string job = feed.job(asks_by_time ? ", \"{unit:%F}\"" : "");
    World world;
    feed.holds("{\"hour\":10}\n");
    world.wall = noon;
    CHECK(outcome_of_last(world.run(job)) == UnitOutcome::done);
    CHECK(is_early(world) == asks_by_time);
    feed.holds("{\"hour\":20}\n");
    world.wall = later(24 * 3'600_s);
    CHECK(outcome_of_last(world.run(job)) ==
          (asks_by_time ? UnitOutcome::done : UnitOutcome::done_already));
    CHECK(world.text() == (asks_by_time ? "{\"hour\":20}\n" : "{\"hour\":10}\n"));
  }
}

TEST_CASE("a program whose words take the unit from its environment asks by time, too") {
  const auto asks_by_time = [](const std::string& words) {
    const auto job = parse_job("job.yaml",
                               "name: o\nunits: { each: day }\nsource: { exec: [ " + words +
                                   " ] }\ndecode: jsonl\n"
                                   "sink: { lake: \"lake/\", partition: \"{unit}/\" }\n",
                               {}, {}, all_parts());
    REQUIRE_MESSAGE(job.ok(), job.error().message);
    return job->asks_by_time;
  };
  CHECK(asks_by_time(R"(sh, -c, "curl https://a.example/$SLUICE_UNIT")"));
  CHECK(asks_by_time(R"-(python3, -c, "import os; print(os.environ['SLUICE_UNIT'])")-"));
  CHECK(asks_by_time(R"(./fetch.py, "{unit}")"));
  CHECK_FALSE(asks_by_time(R"(./fetch.py, all)"));
}

TEST_CASE("an API is asked by time where its request says {unit}, wherever that stands") {
  const auto asks_by_time = [](const std::string& source) {
    const auto job =
        parse_job("job.yaml",
                  "name: o\nunits: { each: day }\nsource: { http: { " + source +
                      " } }\ndecode: { json: { records: .items } }\n"
                      "sink: { lake: \"lake/\", partition: \"{unit}/\", format: jsonl }\n",
                  {}, {}, all_parts());
    REQUIRE_MESSAGE(job.ok(), job.error().message);
    return job->asks_by_time;
  };
  CHECK(asks_by_time("url: \"https://a.example/{unit:%F}\""));
  CHECK(asks_by_time("url: \"https://a.example/\", query: { day: \"{unit:%F}\" }"));
  CHECK_FALSE(asks_by_time("url: \"https://a.example/\""));
}

TEST_CASE("what a run with --limit has committed is done whole, although it was all there is") {
  for (const std::string late : {"", ", late: 1d"}) {
    CAPTURE(late);
    World world;
    world.give("2024-02-08/10.jsonl", "{\"hour\":10}\n");
    CHECK(outcome_of_last(world.run(objects_job(late), {.limit = 5})) == UnitOutcome::done);
    CHECK_FALSE(manifest(world).provisional.empty());
    CHECK(outcome_of_last(world.run(objects_job(late))) == UnitOutcome::done);
    CHECK(manifest(world).provisional.empty());
    CHECK(outcome_of_last(world.run(objects_job(late))) == UnitOutcome::done_already);
  }
}

TEST_CASE("a day that a request's body asks for belongs to its time, as one in its query does") {
  const auto asks_by_time = [](const std::string& words) {
    const auto job = parse_job("job.yaml",
                               "name: o\nunits: { each: day, default: 2024-02-08 }\n"
                               "source: { http: { url: \"https://api.example.com/x\", " +
                                   words +
                                   " } }\ndecode: jsonl\n"
                                   "sink: { lake: \"lake/\", partition: \"{unit}/\" }\n",
                               {}, {}, all_parts());
    REQUIRE_MESSAGE(job.ok(), job.error().message);
    return job->asks_by_time;
  };
  CHECK(asks_by_time(R"(query: { day: "{unit:%F}" })"));
  CHECK(asks_by_time(R"(body: '{"day":"{unit:%F}"}')"));
  CHECK_FALSE(asks_by_time(R"(body: '{"day":"all"}')"));
  CHECK_FALSE(asks_by_time(R"(body: '{"query":"{unit {id}} {units}"}')"));
}

}  // namespace sluice
