#include "source/program.h"

#include <doctest/doctest.h>
#include <unistd.h>

#include <csignal>

#include "flow/settings.h"
#include "source/byte_reader.h"

namespace sluice {
namespace {

// What a unit's source is driven with, and what has come of it.
struct World {
  Budget budget{64 << 20};
  InFlight in_flight{4};
  Purse purse{budget, in_flight, *budget.try_reserve(8 << 20), *budget.try_reserve(8 << 20)};
  Inbox inbox;
  UnitNames unit{.id = "2024-02-08", .start = parse_time("2024-02-08T00:00:00Z"), .run_id = "r-1"};
  std::unique_ptr<Source> source;
  std::string text;
  size_t chunks = 0;
  bool last = false;
  std::vector<std::string> warnings;
  std::optional<std::string> cursor;

  Status open(const SourceMaker& maker) {
    source = TRY(maker.open({.unit = unit,
                             .in_flight = in_flight,
                             .common = budget,
                             .inbox = inbox,
                             .tickets = TicketSeries(1),
                             .cursor = cursor}));
    return {};
  }
  void take() {
    while (auto arrived = source->take()) {
      CHECK(arrived->document == 0);
      CHECK_FALSE(last);
      CHECK(arrived->chunk.offset == text.size());
      CHECK(arrived->chunk.bytes.size() <= chunk_bytes_max);
      text += arrived->chunk.bytes.view();
      last = arrived->chunk.last;
      ++chunks;
    }
  }
  Status run() {
    while (!last && source->documents() != 0) {
      source->start_what_fits(purse);
      TRY(source->status());
      source->on(*inbox.wait());
      take();
    }
    while (!source->drained()) source->on(*inbox.wait());
    warnings = source->take_warnings();
    return source->status();
  }
  void stop() {
    source->stop();
    while (!source->drained()) source->on(*inbox.wait());
  }
};

std::unique_ptr<SourceMaker> exec(std::vector<std::string> words) {
  std::vector<Node> items;
  for (const std::string& word : words) items.push_back(Node::of(word));
  const auto settings =
      check_settings(exec_source_doc(),
                     Node::of_map({{"command", Node::of_list(std::move(items))}}), CheckContext());
  REQUIRE(settings.ok());
  auto made = make_exec_source(*settings);
  REQUIRE(made.ok());
  return std::move(*made);
}
std::unique_ptr<SourceMaker> shell(std::string_view script) {
  std::string word;  // A template: braces are doubled
  for (const char c : script) word.append(c == '{' || c == '}' ? 2 : 1, c);
  return exec({"sh", "-c", word});
}

TEST_CASE("a program that fails fails its unit, also where SIGCHLD is ignored") {
  std::signal(SIGCHLD, SIG_IGN);  // As `trap '' CHLD` leaves it
  World world;
  REQUIRE(world.open(*shell("echo one; exit 7")).ok());
  const Status status = world.run();
  std::signal(SIGCHLD, SIG_DFL);
  REQUIRE_FALSE(status.ok());
  CHECK(status.error().message.find("exit status 7") != std::string::npos);
}

// Everything that comes of a program, and the error, if there was one.
std::pair<std::string, std::string> read_all(std::string script, Nanoseconds silence) {
  Inbox home;
  auto program = ChildProcess::start(
      {.words = {"sh", "-c", std::move(script)}, .input = ChildOptions::Input::none});
  REQUIRE(program.ok());
  ByteReader reader(std::move(*program), home, silence);
  std::string text;
  for (;;) {
    reader.read(1, Buffer(chunk_bytes_max), Lease());
    const auto event = home.wait();
    const auto& got = static_cast<const ByteReader::Got&>(*event);
    text += got.bytes.view();
    if (got.error) return {text, got.error->message};
    if (got.end) return {text, ""};
  }
}

TEST_CASE("what an ended program has left running is heard to its end") {
  const auto [text, error] = read_all("(sleep 0.3; echo two) & echo one", 10_s);
  CHECK(text == "one\ntwo\n");
  CHECK(error.empty());
}

TEST_CASE("silence of what an ended program has left running is an error, not for ever") {
  const auto [text, error] = read_all("sleep 1000 & echo one", 300_ms);
  CHECK(text == "one\n");
  CHECK(error.find("still holds its output") != std::string::npos);
}

TEST_CASE("what a program prints is one document") {
  World world;
  REQUIRE(world
              .open(*exec(
                  {"sh", "-c", "echo $0 $SLUICE_UNIT $SLUICE_RUN_ID; echo hm >&2", "{unit:%F}"}))
              .ok());
  REQUIRE(world.run().ok());
  CHECK(world.text == "2024-02-08 2024-02-08 r-1\n");
  CHECK(world.source->documents() == 1);
  CHECK(world.source->document(0).name == "exec:sh");
  CHECK(world.source->document(0).bytes == world.text.size());
  CHECK(world.warnings == std::vector<std::string>{"hm"});
}

TEST_CASE("a program that prints nothing has given nothing, not a document that is empty") {
  World world;
  REQUIRE(world.open(*shell("true")).ok());
  REQUIRE(world.run().ok());
  CHECK(world.text.empty());
  CHECK(world.source->documents() == 0);
}

TEST_CASE("much output comes in chunks, in order, and no faster than there is memory") {
  World world;
  REQUIRE(world.open(*shell("seq 1 500000")).ok());
  REQUIRE(world.run().ok());
  std::string wanted;
  for (int i = 1; i <= 500'000; ++i) wanted += std::to_string(i) + "\n";
  CHECK(world.text == wanted);
  CHECK(world.chunks >= 4);
}

TEST_CASE("without bytes in the purse nothing is read") {
  World world;
  REQUIRE(world.open(*shell("yes")).ok());
  auto hog = world.budget.try_reserve(world.budget.capacity() - world.budget.used());
  world.purse.set_turn(1);  // Not ours: the head share is not lent
  world.source->start_what_fits(world.purse);
  CHECK(world.source->drained());
  world.stop();
}

TEST_CASE("an exit status fails the unit, with what the program said last") {
  World world;
  REQUIRE(world.open(*shell("echo '{}'; echo one >&2; echo two >&2; exit 3")).ok());
  const Status status = world.run();
  REQUIRE_FALSE(status.ok());
  CHECK(status.error().message == "exec: sh: exit status 3: one | two");
  CHECK_FALSE(world.last);
  world.stop();
}

TEST_CASE("a program that isn't there fails the unit") {
  World world;
  REQUIRE(world.open(*exec({"./no-such-program"})).ok());
  CHECK(world.run().error().message.find("can't be started") != std::string::npos);
}

TEST_CASE("a checkpoint ends a document, and a later run is told of it") {
  World world;
  const auto maker = shell(R"(echo '{"n":1}'; echo '{"sluice": {"checkpoint": "c1"}}'; sleep 0.4; )"
                           R"(echo "{\"from\":\"$SLUICE_CURSOR\"}")");
  REQUIRE(maker->traits().resumable);
  REQUIRE(world.open(*maker).ok());
  std::vector<std::string> documents(3);
  while (!world.source->documents()) {
    world.source->start_what_fits(world.purse);
    REQUIRE(world.source->status().ok());
    world.source->on(*world.inbox.wait());
    while (auto arrived = world.source->take())
      documents.at(arrived->document) += arrived->chunk.bytes.view();
  }
  while (!world.source->drained()) world.source->on(*world.inbox.wait());
  CHECK(world.source->documents() == 2);
  CHECK(documents[0].starts_with("{\"n\":1}\n\n"));
  CHECK(documents[0].find("sluice") == std::string::npos);
  CHECK(documents[1] == "{\"from\":\"\"}\n");
  CHECK(world.source->cursor_after(0) == "c1");
  CHECK_FALSE(world.source->cursor_after(1));

  World later;
  later.cursor = "c1";
  REQUIRE(later.open(*shell(R"(echo "{\"from\":\"$SLUICE_CURSOR\"}")")).ok());
  REQUIRE(later.run().ok());
  CHECK(later.text == "{\"from\":\"c1\"}\n");
}

TEST_CASE("a stop ends the program, whatever it is doing") {
  for (const auto* script : {"yes", "sleep 1000", "echo x; sleep 1000"}) {
    World world;
    REQUIRE(world.open(*shell(script)).ok());
    world.source->start_what_fits(world.purse);
    const Instant begun = now();
    world.stop();
    CHECK(now() - begun < 5_s);
    world.source.reset();
    CHECK(world.budget.used() == 16 << 20);
  }
}

TEST_CASE("what has come goes on when no more comes for a while") {
  World world;
  REQUIRE(world.open(*shell("echo x; sleep 1000")).ok());
  world.source->start_what_fits(world.purse);
  world.source->on(*world.inbox.wait());
  world.take();
  CHECK(world.text == "x\n");
  CHECK_FALSE(world.last);
  world.stop();
}

TEST_CASE("standard input is read once") {
  int ends[2];
  REQUIRE(::pipe(ends) == 0);
  const int before = ::dup(0);
  REQUIRE(::dup2(ends[0], 0) == 0);
  REQUIRE(::write(ends[1], "{}\n", 3) == 3);
  ::close(ends[0]);
  ::close(ends[1]);
  const auto settings = check_settings(stdin_source_doc(), Node(), CheckContext());
  REQUIRE(settings.ok());
  const auto maker = make_stdin_source(*settings);
  REQUIRE(maker.ok());
  World world, second;
  REQUIRE((*maker)
              ->open({.unit = world.unit,
                      .in_flight = world.in_flight,
                      .common = world.budget,
                      .inbox = world.inbox,
                      .tickets = TicketSeries(1)})
              .ok());
  CHECK(second.open(**maker).error().message.find("one unit") != std::string::npos);
  const auto again = make_stdin_source(*settings);
  REQUIRE(world.open(**again).ok());
  REQUIRE(world.run().ok());
  CHECK(world.text == "{}\n");
  CHECK(world.source->document(0).name == "stdin");
  ::dup2(before, 0);
  ::close(before);
}

TEST_CASE("exec refuses words that need a record") {
  const auto settings = check_settings(
      exec_source_doc(), Node::of_map({{"command", Node::of("{.a}")}}), CheckContext());
  REQUIRE(settings.ok());
  CHECK(make_exec_source(*settings).error().message.find("no record") != std::string::npos);
}

}  // namespace
}  // namespace sluice
