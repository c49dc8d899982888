// The walk as a whole, where a golden job can't reach: concurrency, stopping, doing again.
#include <doctest/doctest.h>

#include "world.h"

namespace sluice {
namespace {

constexpr const char* days =
    "name: trail\n"
    "units: { each: day, default: 2024-02-08, late: 1d }\n"
    "source: { objects: \"in/{path.account}/{unit:%Y/%m/%d}/\" }\n"
    "decode: { json: { records: .Records } }\n"
    "sink: { lake: \"lake/\", partition: \"dt={.t:%F}/\", format: jsonl }\n";

std::string job_with(std::string text, const std::string& from, const std::string& to) {
  const size_t at = text.find(from);
  REQUIRE(at != text.npos);
  return text.replace(at, from.size(), to);
}

std::string document(int number, int records) {
  std::string text = R"({"Records":[)";
  for (int i = 0; i < records; ++i) {
    text += (i > 0 ? "," : "") + (R"({"id":")" + std::to_string(number) + "." + std::to_string(i)) +
            R"(","t":"2024-02-0)" + std::to_string(7 + (number + i) % 2) + R"(T10:00:00Z","x":)" +
            std::string(static_cast<size_t>(number % 50) + 1, '7') + "}";
  }
  return text + "]}";
}

void give_days(World& world, int documents, const std::string& day = "2024/02/08") {
  for (int i = 0; i < documents; ++i) {
    char name[128];
    std::snprintf(name, sizeof name, "%04d/%s/%05d.json.gz", i % 7, day.c_str(), i);
    world.give(name, gzip(document(i, i % 13)));
  }
}

// A store that begins its list of open uploads anew for ever.
class LostItsPlace : public Store {
 public:
  explicit LostItsPlace(Store& inner) : inner_(inner) {}
  void start(Request request, Lease lease, Ticket ticket, Inbox& inbox) override {
    if (!std::holds_alternative<ListUploads>(request))
      return inner_.start(std::move(request), std::move(lease), ticket, inbox);
    inbox.post(std::make_unique<Answered>(ticket, Answer(UploadPage{.next = "again"}),
                                          std::move(lease), Timing()));
  }
  Features features() const override { return inner_.features(); }
  std::string name() const override { return inner_.name(); }

 private:
  Store& inner_;
};

uint64_t lines(const std::string& text) {
  return static_cast<uint64_t>(std::count(text.begin(), text.end(), '\n'));
}

}  // namespace

TEST_CASE("a lake whose list of uploads never ends does not hold up the run") {
  World world;
  give_days(world, 3);
  world.around_lake = [](Store& lake) { return std::make_unique<LostItsPlace>(lake); };
  const auto report = world.run(days);
  REQUIRE(report.ok());
  REQUIRE(report->warnings.size() == 1);
  CHECK(report->warnings[0].find("uploads of runs that died may have been left open") == 0);
}

TEST_CASE(
    "the same objects, bytes and order come out whatever is in flight and whatever finishes "
    "first") {
  std::map<std::string, std::string> first;
  for (const uint32_t in_flight : {1U, 16U, 512U}) {
    World world;
    give_days(world, 600);
    world.in_flight = in_flight;
    world.threads = in_flight == 16 ? 1 : 3;
    world.slow_source.latency_of = [](const Request& request) -> Nanoseconds {
      return static_cast<Nanoseconds>(std::hash<std::string>()(describe(request)) % 3'000'000);
    };
    const auto report = world.run(job_with(days, "format: jsonl", "format: jsonl.gz, roll: 8KiB"));
    REQUIRE(report.ok());
    CHECK(report->exit_code(false) == 0);
    CHECK(report->units[0].tally.documents == 600);
    if (first.empty()) first = world.objects();
    CHECK(world.objects() == first);
    CHECK(world.lake->open_uploads().empty());
  }
}

TEST_CASE("a finished unit is not done again; --redo does it again and leaves the same") {
  World world;
  give_days(world, 30);
  REQUIRE(world.run(days)->exit_code(false) == 0);
  const auto before = world.objects();
  world.wall.ns += 100LL * 86'400'000'000'000;  // Long past `late`
  auto again = world.run(days);
  CHECK(again->units[0].outcome == UnitOutcome::done_already);
  CHECK(again->units[0].tally.documents == 0);
  auto redone = world.run(days, {.redo = true});
  CHECK(redone->units[0].outcome == UnitOutcome::done);
  CHECK(redone->units[0].epoch == 2);
  CHECK(world.objects() == before);
}

TEST_CASE("a unit whose inputs changed is done again while it is late, and its old objects go") {
  World world;
  give_days(world, 30);
  REQUIRE(world.run(days)->exit_code(false) == 0);
  CHECK(world.run(days)->units[0].outcome == UnitOutcome::done_already);
  CHECK(world.objects().size() == 2);
  for (const auto& [key, body] : world.given->objects())
    REQUIRE(call(*world.given, Delete{key}).ok());
  world.give("1/2024/02/08/new.json", R"({"Records":[{"t":"2024-02-08T00:00:00Z"}]})");
  auto again = world.run(days);
  CHECK(again->units[0].outcome == UnitOutcome::done);
  CHECK(world.objects().size() == 1);
  CHECK(lines(world.text()) == 1);
}

TEST_CASE("a day that was full and is empty now is an error, and its objects stay") {
  World world;
  give_days(world, 30);
  REQUIRE(world.run(days)->exit_code(false) == 0);
  const auto before = world.objects();
  for (const auto& [key, body] : world.given->objects())
    REQUIRE(call(*world.given, Delete{key}).ok());
  auto report = world.run(days);
  CHECK(report->exit_code(false) == 1);
  CHECK(report->units[0].error->message.find("allow_empty") != std::string::npos);
  CHECK(world.objects() == before);
}

TEST_CASE("a changed job's units are stale: skipped and said so, until --redo") {
  World world;
  give_days(world, 30);
  REQUIRE(world.run(days)->exit_code(false) == 0);
  const std::string changed = job_with(days, "dt={.t:%F}/", "day={.t:%F}/");
  CHECK(world.run(changed)->units[0].outcome == UnitOutcome::stale);
  CHECK(world.run(changed, {.redo = true})->units[0].outcome == UnitOutcome::done);
  CHECK(world.text("dt=").empty());
  CHECK(lines(world.text("day=")) > 0);
}

TEST_CASE("many units share one loop and one budget, and each has its own objects") {
  World world;
  uint64_t records = 0;
  for (int day = 1; day <= 28; ++day) {
    char folder[32];
    std::snprintf(folder, sizeof folder, "2024/02/%02d", day);
    give_days(world, 20, folder);
  }
  for (int i = 0; i < 20; ++i) records += static_cast<uint64_t>(i % 13);
  world.memory_bytes = 256 << 20;
  auto report = world.run(days, {}, {.from = "2024-02-01", .to = "2024-02-28"});
  REQUIRE(report.ok());
  CHECK(report->exit_code(false) == 0);
  CHECK(report->units.size() == 28);
  for (const UnitReport& unit : report->units) CHECK(unit.tally.records == records);
  CHECK(lines(world.text()) == 28 * records);
}

TEST_CASE("a stop leaves nothing visible and no upload, and the next run does the unit") {
  for (const Nanoseconds after : {0_ms, 3_ms, 8_ms, 20_ms, 45_ms}) {
    World world;
    give_days(world, 200);
    world.slow_source.latency = 2_ms;
    world.slow_lake.latency = 2_ms;
    world.in_flight = 16;
    world.before_run = [&](Inbox& inbox) {
      inbox.post_at(now() + after, std::make_unique<Stop>("SIGTERM"));
    };
    auto report = world.run(days);
    REQUIRE(report.ok());
    const bool done = report->units[0].outcome == UnitOutcome::done;
    CHECK(report->exit_code(false) == (done ? 0 : 4));
    if (!done) CHECK(world.objects().empty());
    CHECK(world.lake->open_uploads().empty());
    world.before_run = {};
    CHECK(world.run(days)->exit_code(false) == 0);
    CHECK(lines(world.text()) == 1180);
  }
}

TEST_CASE(
    "a document larger than memory goes through, compressed or not, and a fault keeps what was "
    "before it") {
  std::string large = R"({"Records":[)";
  uint64_t records = 0;
  while (large.size() < (9 << 20)) {
    large += (records > 0 ? "," : "") + (R"({"id":)" + std::to_string(records)) +
             R"(,"t":"2024-02-08T10:00:00Z","text":")" + std::string(records % 997, 'x') + "\"}";
    ++records;
  }
  const std::string whole = large + "]}";
  for (const bool compressed : {false, true}) {
    World world;
    world.give("1/2024/02/08/large.json", compressed ? gzip(whole) : whole);
    world.give("1/2024/02/08/small.json", document(1, 1));
    auto report = world.run(days);
    REQUIRE(report.ok());
    CHECK(report->exit_code(false) == 0);
    CHECK(report->units[0].tally.records == records + 1);
    CHECK(world.text().starts_with(R"({"id":0,"t":"2024-02-08T10:00:00Z","text":""})"));
  }
  World world;
  world.give("1/2024/02/08/cut.json", large);  // Its end is missing
  world.give("1/2024/02/08/small.json", document(1, 1));
  auto report = world.run(days);
  REQUIRE(report.ok());
  CHECK(report->exit_code(false) == 3);
  CHECK(report->units[0].tally.documents_partial == 1);
  CHECK(report->units[0].tally.records >= records);
  REQUIRE(report->units[0].set_aside.size() == 1);
  CHECK(report->units[0].set_aside[0].reason.find("partial") == 0);
}

TEST_CASE("a record over record_max is set aside with its place, and its neighbours arrive") {
  World world;
  const std::string huge =
      R"({"t":"2024-02-08T10:00:00Z","x":")" + std::string(20 << 20, 'x') + "\"}";
  world.give("1/2024/02/08/a.json", gzip(R"({"Records":[{"t":"2024-02-08T10:00:00Z","n":1},)" +
                                         huge + R"(,{"t":"2024-02-08T10:00:00Z","n":2}]})"));
  auto report = world.run(days);
  REQUIRE(report.ok());
  CHECK(report->exit_code(false) == 3);
  CHECK(report->units[0].tally.records == 2);
  REQUIRE(report->units[0].set_aside.size() == 1);
  CHECK(report->units[0].set_aside[0].offset == 47);
  CHECK(report->units[0].set_aside[0].bytes == huge.size());
}

TEST_CASE("another job's lake is refused before anything is written") {
  World world;
  give_days(world, 3);
  REQUIRE(world.run(days)->exit_code(false) == 0);
  const auto calls = world.lake->objects().size();
  auto other = world.run(job_with(days, "name: trail", "name: other"));
  REQUIRE_FALSE(other.ok());
  CHECK(other.error().message.find("belongs to job `trail`") != std::string::npos);
  CHECK(world.lake->objects().size() == calls);
}

TEST_CASE("a stream commits span after span and goes on where it stopped, whatever the span") {
  const std::string stream =
      "name: events\n"
      "source: { replay: { messages: 50 } }\n"
      "decode: jsonl\n"
      "sink: { lake: \"lake/\", partition: \"key={.key}/\", format: jsonl }\n";
  World world;
  for (const uint64_t until : {1'000ULL, 3'500ULL, 5'000ULL}) {
    RunOptions options;
    options.until = until;
    options.span.documents = until == 3'500 ? 7 : 4;
    auto report = world.run(stream, options);
    REQUIRE(report.ok());
    CHECK(report->exit_code(false) == 0);
    std::vector<bool> seen(until);
    const std::string text = world.text();
    CHECK(lines(text) == until);
    for (size_t at = text.find("{\"offset\":"); at != text.npos;
         at = text.find("{\"offset\":", at + 1)) {
      seen.at(std::stoul(text.substr(at + 10, 12))) = true;
    }
    CHECK(std::count(seen.begin(), seen.end(), true) == static_cast<std::ptrdiff_t>(until));
  }
}

TEST_CASE("units whose hashes outgrow their share wait for one another, and none loses a record") {
  constexpr uint64_t records = 60'000;
  World world;
  world.memory_bytes = 192 << 20;
  // Whoever is first has the rest for a while, and the others come to want it.
  world.slow_source.latency_of = [](const Request& request) -> Nanoseconds {
    const auto* get = std::get_if<Get>(&request);
    return get != nullptr && get->key.view().ends_with("/119") ? 300_ms : 0;
  };
  for (int day = 4; day <= 8; ++day) {
    for (uint64_t i = 0; i < 20; ++i) {
      std::string text;
      for (uint64_t id = records / 20 * i; id < records / 20 * (i + 1); ++id)
        text += "{\"id\":" + std::to_string(id) + "}\n";
      world.give("2024-02-0" + std::to_string(day) + "/" + std::to_string(100 + i), text + text);
    }
  }
  const auto report = world.run(
      "name: o\nunits: { each: day }\nsource: { objects: \"in/{unit:%F}/\" }\ndecode: jsonl\n"
      "sink: { lake: \"lake/\", format: jsonl, dedupe: .id, share: 8MiB }\n",
      {}, {.from = "2024-02-04", .to = "2024-02-08"});
  REQUIRE(report.ok());
  CHECK(report->exit_code(false) == 0);
  for (const UnitReport& unit : report->units) CHECK(unit.tally.records == records);
  CHECK(lines(world.text()) == 5 * records);
}

}  // namespace sluice
