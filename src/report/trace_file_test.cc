#include "report/trace_file.h"

#include <doctest/doctest.h>
#include <unistd.h>

#include <algorithm>
#include <fstream>
#include <set>
#include <sstream>

#include "base/text.h"
#include "json/scan.h"
#include "json/value.h"

namespace sluice::report {
namespace {

// A file that goes with it.
struct Written {
  std::string path = "/tmp/sluice-trace-test-" + std::to_string(getpid()) + ".json";
  std::unique_ptr<TraceFile> trace = *TraceFile::create(path);
  ~Written() { unlink(path.c_str()); }

  std::string text() const {
    std::ostringstream text;
    text << std::ifstream(path, std::ios::binary).rdbuf();
    return text.str();
  }
  // The value of a member of each event of a kind; "" where it has none.
  std::vector<std::string> each(const std::string& ph, const std::string& member) const {
    json::Scanner scanner({*json::parse_path(".ph"), *json::parse_path("." + member)});
    std::vector<std::string> values;
    const std::string all = text();
    for (std::string_view line : split(all, '\n')) {
      if (line.ends_with(',')) line.remove_suffix(1);
      if (!line.starts_with("{\"ph\"")) continue;
      REQUIRE(scanner.scan(line));
      if (json::as_text(*scanner.raw(0)) != ph) continue;
      values.push_back(json::as_text(scanner.raw(1).value_or("null")).value_or(""));
    }
    return values;
  }
};

Interval interval(Interval::Kind kind, std::string_view name, uint32_t series, Instant begin,
                  Nanoseconds takes) {
  return {.kind = kind, .name = name, .series = series, .begin = begin, .end = begin + takes};
}

}  // namespace

TEST_CASE("a trace is one JSON object, with microseconds since it was begun") {
  Written file;
  const Instant begun = now();
  file.trace->own(3, "a \"unit\"");
  Interval call = interval(Interval::Kind::request, "lake put_part", 3, begun + 1_s, 1'500);
  call.bytes = 7;
  call.attempts = 2;
  call.failed = true;
  file.trace->add(call);
  REQUIRE(file.trace->finish().ok());
  CHECK(json::find_fault(file.text()) == std::nullopt);
  CHECK(file.each("X", "name") == std::vector<std::string>{"lake put_part"});
  CHECK(file.each("X", "dur") == std::vector<std::string>{"1.500"});
  CHECK(std::stod(file.each("X", "ts")[0]) >= 1'000'000);
  CHECK(std::stod(file.each("X", "ts")[0]) < 1'100'000);
  CHECK(file.each("X", "args.bytes") == std::vector<std::string>{"7"});
  CHECK(file.each("X", "args.attempts") == std::vector<std::string>{"2"});
  CHECK(file.each("X", "args.failed") == std::vector<std::string>{"true"});
  const auto names = file.each("M", "args.name");
  CHECK(std::ranges::count(names, "unit a \"unit\"") == 1);
}

TEST_CASE("requests that were under way at once never share a thread, and others use it again") {
  Written file;
  const Instant at = now();
  const auto request = [&](Nanoseconds begin, Nanoseconds takes) {
    file.trace->add(interval(Interval::Kind::request, "get", 3, at + begin, takes));
  };
  file.trace->own(3, "a unit");
  request(0, 10);
  request(5, 10);
  request(10, 10);  // When the first has ended
  request(12, 10);
  REQUIRE(file.trace->finish().ok());
  const auto threads = file.each("X", "tid");
  REQUIRE(threads.size() == 4);
  CHECK(threads[2] == threads[0]);
  CHECK(std::set<std::string>(threads.begin(), threads.end()).size() == 3);
  const auto names = file.each("M", "args.name");
  CHECK(std::ranges::count(names, "requests") == 1);
  CHECK(std::ranges::count(names, "requests 3") == 1);
}

TEST_CASE("a unit is one process whatever series it has; what is no unit's is the run's") {
  Written file;
  file.trace->own(3, "a");
  file.trace->own(4, "b");
  file.trace->own(5, "a");
  for (const uint32_t series : {3, 4, 5, 6})
    file.trace->add(interval(Interval::Kind::work, "decode", series, now(), 1));
  REQUIRE(file.trace->finish().ok());
  const auto processes = file.each("X", "pid");
  REQUIRE(processes.size() == 4);
  CHECK(processes[0] == processes[2]);
  CHECK(std::set<std::string>(processes.begin(), processes.end()).size() == 3);
  CHECK(processes[3] == "1");
  CHECK(file.each("M", "args.name")[0] == "the run");
}

TEST_CASE("a trace without an interval is JSON, and what comes after its end is dropped") {
  Written file;
  REQUIRE(file.trace->finish().ok());
  const std::string text = file.text();
  CHECK(json::find_fault(text) == std::nullopt);
  file.trace->add(interval(Interval::Kind::work, "decode", 3, now(), 1));
  CHECK(file.trace->finish().ok());
  file.trace.reset();
  CHECK(file.text() == text);
}

TEST_CASE("a file that can't be written is an error at once; a full disk is one at the end") {
  const auto nowhere = TraceFile::create("/nowhere/trace.json");
  REQUIRE_FALSE(nowhere.ok());
  CHECK(nowhere.error().kind == ErrorKind::invalid);
  CHECK(nowhere.error().message == "/nowhere/trace.json: No such file or directory");

  auto full = TraceFile::create("/dev/full");
  REQUIRE(full.ok());
  for (int i = 0; i < 10'000; ++i)
    (*full)->add(interval(Interval::Kind::work, "decode", 3, now(), 1));
  const Status status = (*full)->finish();
  REQUIRE_FALSE(status.ok());
  CHECK(status.error().message == "/dev/full: No space left on device");
}

}  // namespace sluice::report
