// Units that are gone on with, filled once more, or given up: what is read again, what is counted.
#include <doctest/doctest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

#include "base/text.h"
#include "ledger/record.h"
#include "world.h"

namespace sluice {
namespace {

constexpr uint64_t pages = 20, page_records = 1'000;

// Prints pages of 1 MB, a checkpoint behind each, and goes on where it is told to.
constexpr const char* program = R"(#!/bin/sh
exec awk -v from="${SLUICE_CURSOR:-0}" 'BEGIN {
  pad = "x"; for (i = 0; i < 10; i++) pad = pad pad
  for (page = from + 0; page < 20; page++) {
    for (i = 0; i < 1000; i++) printf "{\"n\":%d,\"pad\":\"%s\"}\n", page * 1000 + i, pad
    printf "{\"sluice\":{\"checkpoint\":\"%d\"}}\n", page + 1
  }
}'
)";

// A feed that can be gone on with, into objects that are uploaded part by part.
class Feed {
 public:
  Feed() : path_(std::filesystem::temp_directory_path() / ("feed." + std::to_string(getpid()))) {
    std::ofstream(path_) << program;
    ::chmod(path_.c_str(), 0755);
  }
  ~Feed() { std::filesystem::remove(path_); }

  // From now on the program knows nothing of earlier runs.
  void forget() const {
    std::string text = program;
    text.insert(text.find('\n') + 1,
                "test -z \"$SLUICE_CURSOR\" || echo '{\"sluice\": {\"checkpoint\": null}}'\n");
    std::ofstream(path_) << text;
  }

  std::string job(const std::string& sink = "") const {
    return "name: feed\nsource: { exec: [ \"" + path_.string() +
           "\" ] }\ndecode: jsonl\nsink: { lake: \"lake/\", format: jsonl" + sink + " }\n";
  }

  // Killed, as it were, after its first parts: the record has a checkpoint.
  void interrupt(World& world, const std::string& sink = "", uint64_t parts = 2) const {
    world.lake_faults = {{{.at = parts + 1, .verb = "put_part"}}};
    const auto report = world.run(job(sink));
    world.lake_faults = {};
    REQUIRE(report.ok());
    CHECK(report->exit_code(false) == 1);
    REQUIRE(record(world).checkpoint);
    CHECK(record(world).checkpoint->cursor != "0");
  }

  static ledger::Record record(const World& world) {
    for (const auto& [key, text] : world.lake->objects()) {
      if (key.view().starts_with("_sluice/feed/")) return *ledger::parse_record(text, key);
    }
    return {};
  }

  // In its record's text.
  static void rewrite(World& world, const std::string& from, const std::string& to) {
    for (const auto& [key, text] : world.lake->objects()) {
      if (!key.view().starts_with("_sluice/feed/")) continue;
      std::string other = text;
      const size_t at = other.find(from);
      REQUIRE(at != other.npos);
      other.replace(at, from.size(), to);
      REQUIRE(call(*world.lake, Put{key, other}).ok());
    }
  }

 private:
  std::filesystem::path path_;
};

// Each number once, in order.
void check_whole(const World& world) {
  const std::string text = world.text();
  uint64_t next = 0;
  for (size_t at = text.find("{\"n\":"); at != text.npos; at = text.find("{\"n\":", at + 1)) {
    const std::string number = std::to_string(next++);
    if (text.compare(at + 5, number.size() + 1, number + ",") != 0) break;
  }
  CHECK(next == pages * page_records);
  CHECK(world.lake->open_uploads().empty());
}

void check_counted_once(const RunReport& report) {
  CHECK(report.exit_code(false) == 0);
  const UnitReport& unit = report.units.at(0);
  CHECK(unit.tally.records == pages * page_records);
  CHECK(unit.tally.documents + unit.documents_before >= pages);
  CHECK(unit.tally.documents + unit.documents_before <= pages + 1);
}

// A source whose tickets are looked at: of its second opening, whether what still comes for the
// first one's is kept from it.
class Watched : public SourceMaker {
 public:
  explicit Watched(std::unique_ptr<SourceMaker> inner)
      : SourceMaker(inner->traits()), inner_(std::move(inner)) {}
  Result<std::unique_ptr<Source>> open(SourceContext context) const override {
    series.push_back(context.tickets.series());
    for (uint64_t late = 1; series.size() == 2 && late <= 200; ++late) {
      const Ticket ticket = (uint64_t{series[0]} << 32) + late;
      context.inbox.post_at(now() + late * 1_ms, std::make_unique<Event>(ticket));
    }
    return inner_->open(std::move(context));
  }
  mutable std::vector<uint32_t> series;

 private:
  const std::unique_ptr<SourceMaker> inner_;
};

}  // namespace

TEST_CASE("a run goes on behind its checkpoint, and what was read before is not read again") {
  const Feed feed;
  World world;
  feed.interrupt(world);
  const auto report = world.run(feed.job());
  REQUIRE(report.ok());
  check_counted_once(*report);
  CHECK(report->units[0].documents_before > 0);
  check_whole(world);
}

TEST_CASE("a run with --limit uses up the checkpoint of a run that was killed") {
  const Feed feed;
  World world;
  feed.interrupt(world);
  const std::string before = Feed::record(world).checkpoint->cursor;
  for (const uint64_t limit : {uint64_t{1}, 2 * pages}) {  // Also where all comes that is left
    CAPTURE(limit);
    const auto limited = world.run(feed.job(), {.limit = limit});
    REQUIRE(limited.ok());
    CHECK(limited->exit_code(false) == 4);
    CHECK(limited->units[0].outcome == UnitOutcome::stopped);
    REQUIRE(limited->units[0].error);
    CHECK(limited->units[0].error->message.find("--limit") != std::string::npos);
    CHECK(world.text().empty());
    REQUIRE(Feed::record(world).checkpoint);
    CHECK(std::stoi(Feed::record(world).checkpoint->cursor) >= std::stoi(before));
    CHECK_FALSE(Feed::record(world).run);
  }
  const auto report = world.run(feed.job());
  REQUIRE(report.ok());
  check_counted_once(*report);
  CHECK(report->units[0].documents_before >= std::stoull(before));
  check_whole(world);
}

TEST_CASE("an upload that a lifecycle rule took before the next run loses no record") {
  const Feed feed;
  World world;
  feed.interrupt(world);
  for (const OpenUpload& open : world.lake->open_uploads())
    REQUIRE(call(*world.lake, Abort{open.key, open.id}).ok());
  const auto report = world.run(feed.job());
  REQUIRE(report.ok());
  check_counted_once(*report);
  CHECK(report->units[0].documents_before == 0);
  CHECK(Feed::record(world).manifest->sums.records == pages * page_records);
  check_whole(world);
}

// An errand of the first fill that rested was over in the middle of the second, and taken for the
// answer of the one that had its number there.
TEST_CASE("what an earlier fill was still waiting for is no answer to the next one") {
  World world;
  std::string all;
  for (int i = 0; i < 300; ++i) {
    const std::string line = "{\"n\":" + std::to_string(i) + "}\n";
    world.give(std::to_string(1000 + i) + ".jsonl", line);
    all += line;
  }
  world.slow_source.latency_of = [](const Request&) -> Nanoseconds { return 10_ms; };
  world.lake_faults.faults = {
      {.at = 1, .verb = "put_part", .error = {ErrorKind::not_found, "no such upload"}}};
  const Watched* source = nullptr;
  std::vector<uint32_t> series;
  world.with_parts = [&](JobParts& parts) {
    auto watched = std::make_unique<Watched>(std::move(parts.source));
    source = watched.get();
    parts.source = std::move(watched);
  };
  world.after_run = [&] { series = source->series; };
  const auto report = world.run(
      "name: again\nsource: { objects: \"in/\" }\ndecode: jsonl\nsink: { lake: \"lake/\", "
      "format: jsonl }\n");
  REQUIRE(report.ok());
  CHECK(report->exit_code(false) == 0);
  CHECK(world.text() == all);
  REQUIRE(series.size() == 2);
  CHECK(series[0] != series[1]);
}

TEST_CASE("a unit that can't be completed is filled from its beginning, and counted once") {
  const Feed feed;
  // A sealed upload that has gone, and a part that a late request has overwritten (InvalidPart).
  for (const ErrorKind kind : {ErrorKind::not_found, ErrorKind::conflict}) {
    for (const bool resumed : {false, true}) {
      const std::string sink = ", roll_records: 9000";
      World world;
      if (resumed) feed.interrupt(world, sink, 3);
      // When it completes its three objects, and when it settles what became of that.
      world.lake_faults = {{{.at = 2, .verb = "complete", .error = {kind, "gone"}},
                            {.at = 5, .verb = "complete", .error = {kind, "gone"}}}};
      const auto report = world.run(feed.job(sink));
      REQUIRE(report.ok());
      check_counted_once(*report);
      CHECK(report->units[0].tally.objects == 3);
      CHECK(report->units[0].documents_before == 0);
      check_whole(world);
    }
  }
}

TEST_CASE("a unit whose uploads go each time fails after a few fills, and keeps nothing open") {
  const Feed feed;
  for (const char* verb : {"put_part", "complete"}) {
    World world;
    world.lake_faults = {
        {{.at = 0, .verb = verb, .error = {ErrorKind::not_found, "NoSuchUpload"}}}};
    const auto report = world.run(feed.job());
    REQUIRE(report.ok());
    CHECK(report->exit_code(false) == 1);
    CHECK(report->units[0].error->message.find("4 times") != std::string::npos);
    CHECK(report->units[0].tally.records == 0);
    CHECK(Feed::record(world).epoch <= 5);
    CHECK(Feed::record(world).failed);
    CHECK(world.objects().empty());
    CHECK(world.lake->open_uploads().empty());
    world.lake_faults = {};
    const auto again = world.run(feed.job());
    REQUIRE(again.ok());
    check_counted_once(*again);
    check_whole(world);
  }
}

TEST_CASE("what a source misses is the source's error: the unit fails once") {
  for (const char* verb : {"list", "get"}) {
    World world;
    world.give("2024-02-08/a.jsonl", "{\"n\":1}\n");
    world.source_faults = {{{.at = 0, .verb = verb, .error = {ErrorKind::not_found, "no bucket"}}}};
    const auto report = world.run(
        "name: feed\nunits: { each: day, default: 2024-02-08 }\n"
        "source: { objects: \"in/{unit:%F}/\" }\ndecode: jsonl\n"
        "sink: { lake: \"lake/\", format: jsonl }\n");
    REQUIRE(report.ok());
    CHECK(world.source_calls < 10);
    CHECK(Feed::record(world).epoch == 1);
    CHECK(report->exit_code(false) == (verb == std::string("list") ? 1 : 3));
  }
}

TEST_CASE("a sink's upload that can't be begun is no upload that is gone") {
  const Feed feed;
  World world;
  world.lake_faults = {
      {{.at = 0, .verb = "create_upload", .error = {ErrorKind::not_found, "NoSuchBucket"}}}};
  const auto report = world.run(feed.job());
  REQUIRE(report.ok());
  CHECK(report->exit_code(false) == 1);
  CHECK(Feed::record(world).epoch == 1);
}

TEST_CASE("a checkpoint that can't be read begins the unit anew") {
  const Feed feed;
  World world;
  feed.interrupt(world);
  Feed::rewrite(world, "sluice-sink 1", "sluice-sink 9");
  const auto report = world.run(feed.job());
  REQUIRE(report.ok());
  check_counted_once(*report);
  CHECK(report->units[0].documents_before == 0);
  check_whole(world);
}

TEST_CASE("a program that can't go on at its checkpoint is begun anew, in the same run") {
  const Feed feed;
  World world;
  feed.interrupt(world);
  feed.forget();
  const auto report = world.run(feed.job());
  REQUIRE(report.ok());
  check_counted_once(*report);
  CHECK(report->units[0].documents_before == 0);
  check_whole(world);
}

TEST_CASE("whatever ends a run that could go on, its checkpoint stays and the next run goes on") {
  const Feed feed;
  struct Way {
    const char* what;
    std::function<void(World&)> set;
  };
  const std::vector<Way> ways = {
      {"a stop while it claims",
       [](World& world) {
         world.before_run = [](Inbox& inbox) { inbox.post(std::make_unique<Stop>("SIGTERM")); };
       }},
      {"a full disk",
       [](World& world) {
         world.lake_faults = {
             {{.at = 0, .verb = "put_part", .error = {ErrorKind::invalid, "no space left"}}}};
       }},
      {"an expired token",
       [](World& world) {
         world.lake_faults = {
             {{.at = 0, .verb = "put_part", .error = {ErrorKind::denied, "ExpiredToken"}}}};
       }},
      {"a store that can't be reached",
       [](World& world) { world.lake_faults = {{{.at = 0, .verb = "put_part"}}}; }},
  };
  for (const Way& way : ways) {
    CAPTURE(way.what);
    World world;
    feed.interrupt(world);
    const std::string cursor = Feed::record(world).checkpoint->cursor;
    way.set(world);
    REQUIRE(world.run(feed.job()).ok());
    world.before_run = {};
    world.lake_faults = {};
    REQUIRE(Feed::record(world).checkpoint);
    CHECK(Feed::record(world).checkpoint->cursor == cursor);
    const auto report = world.run(feed.job());
    REQUIRE(report.ok());
    check_counted_once(*report);
    CHECK(report->units[0].documents_before > 0);
    check_whole(world);
  }
}

TEST_CASE(
    "a fill that can't be opened at its checkpoint keeps it, and the next run goes on there") {
  const Feed feed;
  World world;
  feed.interrupt(world);
  // A secret that the job doesn't have any more.
  const std::string cursor = "\"cursor\": \"" + Feed::record(world).checkpoint->cursor + '"';
  const std::string secret = "\"cursor\": \"${GONE}\"";
  Feed::rewrite(world, cursor, secret);
  const auto failed = world.run(feed.job());
  REQUIRE(failed.ok());
  CHECK(failed->exit_code(false) == 1);
  REQUIRE(failed->units[0].error);
  CHECK(failed->units[0].error->message.find("GONE") != std::string::npos);
  CHECK(Feed::record(world).failed);
  REQUIRE(Feed::record(world).checkpoint);
  CHECK(Feed::record(world).checkpoint->cursor == "${GONE}");
  CHECK_FALSE(world.lake->open_uploads().empty());
  Feed::rewrite(world, secret, cursor);
  const auto report = world.run(feed.job());
  REQUIRE(report.ok());
  check_counted_once(*report);
  CHECK(report->units[0].documents_before > 0);
  check_whole(world);
}

TEST_CASE("a unit whose completion succeeds at the second look is done, and counted") {
  const Feed feed;
  World world;
  world.lake_faults = {{{.at = 1, .verb = "complete", .error = {ErrorKind::conflict, "late"}}}};
  const auto report = world.run(feed.job());
  REQUIRE(report.ok());
  check_counted_once(*report);
  CHECK(report->units[0].outcome == UnitOutcome::done);
  check_whole(world);
}

}  // namespace sluice
