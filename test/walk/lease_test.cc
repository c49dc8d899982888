// Several runs of one job at once, and what dead ones leave: who waits, who takes over, what is
// cleared away. Every interleaving of their writes is explored in test/explorer; here are the whole
// runs, with clocks.
#include <doctest/doctest.h>

#include <algorithm>
#include <thread>

#include "ledger/record.h"
#include "world.h"

namespace sluice {
namespace {

constexpr const char* job =
    "name: trail\n"
    "units: { each: day, default: 2024-02-08 }\n"
    "source: { objects: \"in/{unit:%Y/%m/%d}/\" }\n"
    "decode: jsonl\n"
    "sink: { lake: \"lake/\", format: jsonl }\n";

constexpr int documents = 10;

Key record_key(const std::string& unit = "2024-02-08") {
  return Key("_sluice/trail/" + unit + ".json");
}

// A day whose documents come one after another, each after so long.
void give_day(World& world, Nanoseconds each, const std::string& day = "2024/02/08") {
  for (int i = 0; i < documents; ++i) {
    world.give(day + "/" + std::to_string(i) + ".jsonl", "{\"i\":" + std::to_string(i) + "}\n");
  }
  world.in_flight = 1;
  world.slow_source.latency_of = [each](const Request& request) {
    return std::holds_alternative<Get>(request) ? each : 0;
  };
}

uint64_t lines(const World& world) {
  const std::string text = world.text();
  return static_cast<uint64_t>(std::ranges::count(text, '\n'));
}

std::optional<ledger::Record> record_of(const World& world,
                                        const std::string& unit = "2024-02-08") {
  const auto objects = world.lake->objects();
  const auto found = objects.find(record_key(unit));
  if (found == objects.end()) return std::nullopt;
  auto record = ledger::parse_record(found->second, record_key(unit));
  REQUIRE(record.ok());
  return std::move(*record);
}

// Whatever its owner was, it says nothing any more.
void leave_claim(World& world, ledger::Record record) {
  record.job = "trail";
  record.epoch += 1;
  record.run = "dead";
  record.host = "elsewhere";
  record.since = "2024-02-08T01:00:00Z";
  record.process = "4711";
  REQUIRE(call(*world.lake, Put{record_key(record.unit), ledger::print(record)}).ok());
}

void leave_upload(World& world, const std::string& key) {
  REQUIRE(call(*world.lake, CreateUpload{Key(key), Mark("trail/x/1")}).ok());
}

// Until a run's claim looks like this.
template <class Is>
bool wait_for(const World& world, Is is) {
  for (int i = 0; i < 3'000; ++i) {
    const auto record = record_of(world);
    if (record && is(*record)) return true;
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
  }
  return false;
}

bool is_claimed(const ledger::Record& record) {
  return record.run.has_value();
}

struct Running {
  std::optional<RunReport> report;
  const UnitReport& unit() {
    if (thread.joinable()) thread.join();
    REQUIRE(report);
    return report->units[0];
  }
  std::jthread thread;  // The last member: it has ended before what it writes is destroyed
};

std::unique_ptr<Running> begin(World& world, RunOptions options = {}) {
  auto running = std::make_unique<Running>();
  running->thread = std::jthread([&world, options, running = running.get()] {
    auto report = world.run(job, options);
    if (report.ok()) running->report = std::move(*report);
  });
  return running;
}

}  // namespace

TEST_CASE(
    "a unit that takes longer than its schedule is committed once, and every run ends with 0") {
  World world;
  give_day(world, 50_ms);
  std::vector<std::unique_ptr<Running>> runs;
  for (int i = 0; i < 5; ++i) {
    runs.push_back(begin(world));
    REQUIRE(wait_for(world, [](const ledger::Record&) { return true; }));
  }
  int filled = 0;
  for (const auto& run : runs) {
    const UnitOutcome outcome = run->unit().outcome;
    CHECK(run->report->exit_code(false) == 0);
    filled += outcome == UnitOutcome::done;
    if (outcome != UnitOutcome::done) CHECK(run->unit().tally.records == 0);
  }
  CHECK(filled == 1);
  CHECK(lines(world) == documents);
  CHECK(record_of(world)->epoch == 1);
  CHECK(world.lake->open_uploads().empty());
}

TEST_CASE("a waiting run says whose claim it is, where and since when, and how not to wait") {
  World world;
  give_day(world, 20_ms);
  const auto owner = begin(world);
  REQUIRE(wait_for(world, is_claimed));
  std::string said;
  const auto report = world.run(job, {.on_notice = [&](const std::string& text) { said = text; }});
  CHECK(report->units[0].outcome == UnitOutcome::done_by_other);
  for (const char* part : {"2024-02-08", "here", "since 2024-02-09T", "--no-wait", "--take-over"})
    CHECK_MESSAGE(said.find(part) != said.npos, said);
}

TEST_CASE("--no-wait ends with 4 at once beside another's claim, and touches nothing") {
  World world;
  give_day(world, 0);
  leave_claim(world, {.unit = "2024-02-08"});
  const auto before = record_of(world);
  const auto report = world.run(job, {.others = Others::leave});
  CHECK(report->units[0].outcome == UnitOutcome::claimed);
  CHECK(report->exit_code(false) == 4);
  CHECK(report->units[0].error->message.find("elsewhere") != std::string::npos);
  CHECK(record_of(world) == before);
  CHECK(world.objects().empty());
}

TEST_CASE("a stop ends the wait for another's claim with 4") {
  World world;
  give_day(world, 0);
  leave_claim(world, {.unit = "2024-02-08"});
  world.before_run = [](Inbox& inbox) {
    inbox.post_at(now() + 50_ms, std::make_unique<Stop>("SIGTERM"));
  };
  const auto report = world.run(job);
  CHECK(report->exit_code(false) == 4);
  CHECK(report->units[0].outcome == UnitOutcome::stopped);
  CHECK(record_of(world)->run == "dead");
}

TEST_CASE("--take-over takes another's claim at once") {
  World world;
  give_day(world, 0);
  leave_claim(world, {.unit = "2024-02-08"});
  const auto report = world.run(job, {.others = Others::take_over});
  CHECK(report->units[0].outcome == UnitOutcome::done);
  CHECK(report->units[0].warnings.size() == 1);
  CHECK(record_of(world)->epoch == 2);
  CHECK(lines(world) == documents);
}

TEST_CASE("a claim that has not changed for a whole lease is taken, not before") {
  World world;
  give_day(world, 0);
  leave_claim(world, {.unit = "2024-02-08"});
  const Instant begun = now();
  const auto report = world.run(job, {.lease = 400_ms});
  CHECK(now() - begun >= 400_ms);
  CHECK(report->units[0].outcome == UnitOutcome::done);
  CHECK(lines(world) == documents);
}

TEST_CASE("the claim of a process that is known to have ended is taken without a wait") {
  World world;
  give_day(world, 0);
  leave_claim(world, {.unit = "2024-02-08"});
  std::string asked;
  world.has_ended = [&](std::string_view process) {
    asked = process;
    return true;
  };
  const auto report = world.run(job, {.lease = 3'600_s});
  CHECK(asked == "4711");
  CHECK(report->units[0].outcome == UnitOutcome::done);
}

TEST_CASE("a unit that outlives the interval renews its claim; a short one asks for nothing more") {
  World slow;
  give_day(slow, 60_ms);
  const auto run = begin(slow, {.lease = 150_ms});
  CHECK(wait_for(slow, [](const ledger::Record& record) { return record.renewals >= 2; }));
  CHECK(run->unit().outcome == UnitOutcome::done);
  CHECK(record_of(slow)->renewals == 0);

  World quick;
  give_day(quick, 0);
  uint64_t writes = 0;
  quick.slow_lake.latency_of = [&](const Request& request) -> Nanoseconds {
    const auto* put = std::get_if<Put>(&request);
    writes += put != nullptr && put->key == record_key();
    return 0;
  };
  CHECK(quick.run(job)->exit_code(false) == 0);
  CHECK(writes == 3);  // Claim, intent, manifest
}

TEST_CASE("a run that has lost its claim stops filling, and ends with 0 once the other is done") {
  World world;
  give_day(world, 100_ms);
  const auto loser = begin(world, {.lease = 900_ms});
  REQUIRE(wait_for(world, is_claimed));
  give_day(world, 0);  // For the other
  const auto report = world.run(job, {.others = Others::take_over, .lease = 3'600_s});
  CHECK(report->units[0].outcome == UnitOutcome::done);
  CHECK(loser->unit().outcome == UnitOutcome::done_by_other);
  CHECK(loser->report->exit_code(false) == 0);
  CHECK(loser->unit().tally.records == 0);
  CHECK(lines(world) == documents);
  CHECK(world.lake->open_uploads().empty());
}

TEST_CASE("a plain run clears away what a killed redo has left, and does nothing again") {
  World world;
  give_day(world, 0);
  REQUIRE(world.run(job)->exit_code(false) == 0);
  const auto objects = world.objects();
  leave_claim(world, *record_of(world));
  leave_upload(world, "2024-02-08-00000.jsonl");
  const auto report = world.run(job, {.lease = 100_ms});
  CHECK(report->exit_code(false) == 0);
  CHECK(report->units[0].outcome == UnitOutcome::done_already);
  CHECK(world.lake->open_uploads().empty());
  CHECK(!record_of(world)->run);
  CHECK(world.objects() == objects);
}

TEST_CASE(
    "what is done is done again after a redo that has failed, for whoever looks at the record") {
  World world;
  give_day(world, 0);
  REQUIRE(world.run(job)->exit_code(false) == 0);
  world.lake_faults = {{{.verb = "put_part"}}};
  CHECK(world.run(job, {.redo = true})->exit_code(false) == 1);
  world.lake_faults = {};
  REQUIRE(record_of(world)->failed);
  leave_upload(world, "2024-02-08-00000.jsonl");
  const auto report = world.run(job);
  CHECK(report->exit_code(false) == 0);
  CHECK(report->units[0].outcome == UnitOutcome::done_already);
  CHECK(!record_of(world)->failed);
  CHECK(ledger::finished(*record_of(world)));
  CHECK(world.lake->open_uploads().empty());
}

TEST_CASE("a renewal that is refused just when all is filled fails its unit and leaves nothing") {
  World world;
  give_day(world, 40_ms);
  world.slow_lake.latency_of = [](const Request& request) -> Nanoseconds {
    return std::holds_alternative<Put>(request) ? 700_ms : 0;
  };
  world.lake_faults = {{{.at = 3, .verb = "put", .error = {ErrorKind::denied, "403"}}}};
  const auto report = world.run(job, {.lease = 600_ms});
  REQUIRE(report.ok());
  CHECK(report->exit_code(false) == 1);
  REQUIRE(report->units[0].error);
  CHECK(report->units[0].error->message.find("403") != std::string::npos);
  CHECK(world.lake->open_uploads().empty());
  CHECK(world.objects().empty());
}

TEST_CASE(
    "a run that is stopped while it claims once more what it has filled in vain ends stopped") {
  World world;
  give_day(world, 0);
  std::atomic<Inbox*> inbox = nullptr;
  world.before_run = [&](Inbox& its) { inbox = &its; };
  world.slow_lake.latency_of = [](const Request& request) -> Nanoseconds {
    return std::holds_alternative<Put>(request) ? 500_ms : 0;
  };
  const auto running = begin(world);
  REQUIRE(wait_for(world, is_claimed));
  ledger::Record fenced = *record_of(world);  // As settle does it
  fenced.run.reset();
  fenced.epoch += 1;
  REQUIRE(call(*world.lake, Put{record_key(), ledger::print(fenced)}).ok());
  REQUIRE(wait_for(world, is_claimed));
  inbox.load()->post(std::make_unique<Stop>("told to"));
  CHECK(running->unit().outcome == UnitOutcome::stopped);
  CHECK(world.objects().empty());
  CHECK(world.lake->open_uploads().empty());
}

TEST_CASE("a unit ends where its record is written more slowly than its claim is renewed") {
  World world;
  give_day(world, 10_ms);
  world.slow_lake.latency_of = [](const Request& request) -> Nanoseconds {
    return std::holds_alternative<Put>(request) ? 200_ms : 0;
  };
  CHECK(world.run(job, {.lease = 100_ms})->exit_code(false) == 0);
  CHECK(lines(world) == documents);
}

TEST_CASE("beside a redo that lives, a finished unit is done already, and the redo goes on") {
  World world;
  give_day(world, 0);
  REQUIRE(world.run(job)->exit_code(false) == 0);
  give_day(world, 100_ms);
  const auto redo = begin(world, {.redo = true, .lease = 150_ms});
  REQUIRE(wait_for(world, is_claimed));
  const auto report = world.run(job, {.lease = 3'600_s});
  CHECK(report->exit_code(false) == 0);
  CHECK(redo->unit().outcome == UnitOutcome::done);
  CHECK(redo->unit().epoch == 2);
}

TEST_CASE("uploads that a run which died beside another left to a finished unit go with the next") {
  World world;
  give_day(world, 0);
  give_day(world, 0, "2024/02/07");
  REQUIRE(world.run(job, {}, {.from = "2024-02-07", .to = "2024-02-08"})->exit_code(false) == 0);
  leave_upload(world, "2024-02-08-00000.jsonl");
  leave_upload(world, "2024-02-07-00001.jsonl");  // A unit that nobody will ask for again
  leave_upload(world, "2024-02-06-00000.jsonl");  // There is no such unit yet.
  leave_upload(world, "somebody/elses.parquet");
  CHECK(world.run(job)->exit_code(false) == 0);
  std::vector<std::string> left;
  for (const OpenUpload& upload : world.lake->open_uploads()) left.push_back(upload.key.str());
  std::ranges::sort(left);
  CHECK(left == std::vector<std::string>{"2024-02-06-00000.jsonl", "somebody/elses.parquet"});
}

TEST_CASE("uploads of a unit that somebody works on are not swept") {
  World world;
  give_day(world, 0);
  leave_claim(world, {.unit = "2024-02-07"});
  leave_upload(world, "2024-02-07-00000.jsonl");
  CHECK(world.run(job)->exit_code(false) == 0);
  CHECK(world.lake->open_uploads().size() == 1);
}

}  // namespace sluice
