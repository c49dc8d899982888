#include "source/objects.h"

#include <doctest/doctest.h>

#include <deque>
#include <map>
#include <set>

#include "source/lister.h"
#include "store/staged.h"

namespace sluice {
namespace {

UnitNames day() {
  UnitNames unit{.id = "2024-02-08"};
  unit.start = parse_time("2024-02-08T00:00:00Z");
  return unit;
}

// A source and a reader that, like the walk, places documents in their order and gives bytes back
// only then.
struct Bench {
  struct Read {
    std::string key, bytes, bad;
    bool operator==(const Read&) const = default;
  };
  struct Options {
    uint64_t seed = 1, common_bytes = 32 << 20, input_share_bytes = 8 << 20, limit = UINT64_MAX;
    uint32_t in_flight = 512;
  };

  UnitNames unit = day();
  StagedStore store;
  InFlight in_flight;
  Budget common, head;
  Purse purse;
  Inbox inbox;
  std::unique_ptr<Source> source;
  std::vector<Read> read;
  std::vector<Document> documents;
  std::map<uint64_t, std::vector<Chunk>> held;
  std::map<uint64_t, Error> bad;
  size_t whole_chunks = 0;  // Documents that came as one chunk
  uint32_t in_flight_most = 0;

  explicit Bench(std::string_view url, Options options)
      : store(options.seed),
        in_flight(options.in_flight),
        common(options.common_bytes),
        head(options.input_share_bytes),
        purse(common, in_flight, std::move(*head.try_reserve(options.input_share_bytes)), Lease()) {
    auto pattern = PathPattern::parse(url);
    REQUIRE_MESSAGE(pattern.ok(), pattern.error().message);
    SourceContext context{unit, in_flight, common, inbox, TicketSeries(3)};
    context.limit = options.limit;
    source = make_objects_source(store, *pattern->bind(unit), context);
  }
  explicit Bench(std::string_view url) : Bench(url, Options{}) {}

  void take() {
    while (auto arrived = source->take()) {
      if (arrived->bad) {
        bad.emplace(arrived->document, *arrived->bad);
      } else {
        held[arrived->document].push_back(std::move(arrived->chunk));
      }
    }
  }
  // Writes what can be written: of the document whose turn it is whatever has come.
  void place() {
    for (;;) {
      const uint64_t turn = purse.turn();
      if (documents.size() == turn) {
        if (held.count(turn) + bad.count(turn) == 0) return;
        documents.push_back(source->document(turn));
        read.push_back({documents.back().key.str(), "", ""});
      }
      bool last = false;
      if (auto found = held.find(turn); found != held.end()) {
        whole_chunks += read.back().bytes.empty() && found->second.front().last;
        for (Chunk& chunk : found->second) {
          REQUIRE(chunk.offset == read.back().bytes.size());
          read.back().bytes += chunk.bytes.view();
          last |= chunk.last;
        }
        held.erase(found);
      }
      if (auto found = bad.find(turn); found != bad.end()) {
        read.back().bad = found->second.message;
        last = true;
      }
      if (!last) return;
      source->forget(turn);
      purse.set_turn(turn + 1);
    }
  }
  // Until everything is read, the unit has failed, or nothing moves any more.
  Status run() {
    for (;;) {
      source->start_what_fits(purse);
      in_flight_most = std::max(in_flight_most, in_flight.open());
      take();
      place();
      if (source->documents() == purse.turn()) break;
      if (!source->status().ok()) source->stop();
      if (!source->status().ok() && source->drained()) break;
      source->start_what_fits(purse);
      store.release_one();
      source->on(*inbox.wait());
    }
    return source->status();
  }
  std::vector<std::string> keys() const {
    std::vector<std::string> keys;
    for (const Read& one : read) keys.push_back(one.key);
    return keys;
  }
};

std::string pattern_bytes(size_t size, char first = 'a') {
  std::string bytes(size, first);
  for (size_t i = 0; i < size; ++i) bytes[i] = static_cast<char>('a' + (first + i + i / 997) % 26);
  return bytes;
}

TEST_CASE("objects come in key order, whatever is answered first") {
  for (const uint64_t seed : {1, 2, 3, 4}) {
    for (const uint32_t in_flight : {1U, 16U, 512U}) {
      Bench bench("memory:logs/{path.account}/{path.region:r*}/",
                  {.seed = seed, .in_flight = in_flight});
      std::map<std::string, std::string> objects;
      for (int i = 0; i < 400; ++i) {
        const std::string key = "logs/" + std::to_string(i % 12) + "/r" + std::to_string(i % 17) +
                                "/" + std::to_string(i) + ".json";
        objects[key] = pattern_bytes(1 + static_cast<size_t>(i) * 7);
      }
      for (const auto& [key, bytes] : objects) bench.store.put(key, bytes);
      REQUIRE(bench.run().ok());
      std::vector<Bench::Read> expected;
      for (const auto& [key, bytes] : objects) expected.push_back({key, bytes, ""});
      CHECK(bench.read == expected);
      CHECK(bench.store.calls["get"] == 400);
      CHECK(bench.whole_chunks == 400);
      CHECK(bench.in_flight_most <= in_flight);
      CHECK(bench.store.open_most <= in_flight);
      CHECK(bench.in_flight.open() == 0);
      CHECK(bench.source->drained());
      CHECK(bench.common.used() == 0);
      CHECK(bench.documents[0].name == "memory:" + bench.documents[0].key.str());
      CHECK(bench.documents[0].captures == std::vector<std::string>{"0", "r0"});
      if (in_flight == 512) CHECK(bench.store.open_most > 150);
    }
  }
}

TEST_CASE("a large object comes in ranges, several in flight, in order") {
  Bench bench("memory:", {.seed = 5});
  const std::string large = pattern_bytes(10'000'001);
  bench.store.put("a", "first");
  bench.store.put("b", large);
  bench.store.put("c", "last");
  REQUIRE(bench.run().ok());
  CHECK(bench.read ==
        std::vector<Bench::Read>{{"a", "first", ""}, {"b", large, ""}, {"c", "last", ""}});
  CHECK(bench.store.calls["get"] == 2 + 10);
  CHECK(bench.store.open_most == 12);
}

TEST_CASE("a purse as small as one chunk is enough for everything") {
  for (const uint64_t seed : {1, 2, 3}) {
    Bench bench(
        "memory:{path.a}/",
        {.seed = seed, .common_bytes = 3000, .input_share_bytes = 64 << 10, .in_flight = 4});
    std::map<std::string, std::string> objects;
    for (int i = 0; i < 40; ++i) {
      const std::string key = std::to_string(i % 7) + "/" + std::to_string(i);
      objects[key] = pattern_bytes(i % 5 == 0 ? 200'000 : static_cast<size_t>(i) * 100);
    }
    for (const auto& [key, bytes] : objects) bench.store.put(key, bytes);
    REQUIRE(bench.run().ok());
    std::vector<Bench::Read> expected;
    for (const auto& [key, bytes] : objects) expected.push_back({key, bytes, ""});
    CHECK(bench.read == expected);
    CHECK(bench.in_flight_most <= 4);
  }
}

TEST_CASE("an empty object arrives as an empty last chunk, without a request") {
  Bench bench("memory:day/");
  bench.store.put("day/a", "");
  bench.store.put("day/b", "x");
  bench.store.put("day/c/", "");
  REQUIRE(bench.run().ok());
  CHECK(bench.read == std::vector<Bench::Read>{{"day/a", "", ""}, {"day/b", "x", ""}});
  CHECK(bench.store.calls["get"] == 1);
}

TEST_CASE("nothing found is no documents, and a limit takes the first") {
  Bench none("memory:nothing/{path.a}/");
  REQUIRE(none.run().ok());
  CHECK(none.source->documents() == 0);

  Bench bench("memory:{path.a}/", {.limit = 3});
  for (int i = 0; i < 20; ++i) bench.store.put(std::to_string(100 + i) + "/x", "x");
  REQUIRE(bench.run().ok());
  CHECK(bench.keys() == std::vector<std::string>{"100/x", "101/x", "102/x"});
  CHECK(bench.source->documents() == 3);
}

TEST_CASE("an object that vanished since the listing is bad, the others arrive") {
  Bench bench("memory:day/");
  for (const auto* key : {"day/a", "day/b", "day/c"}) bench.store.put(key, "x");
  bench.store.fault = [&](const Request& request) -> std::optional<Error> {
    if (std::holds_alternative<Get>(request)) bench.store.remove("day/b");
    return std::nullopt;
  };
  REQUIRE(bench.run().ok());
  CHECK(bench.read[0] == Bench::Read{"day/a", "x", ""});
  CHECK(bench.read[1] == Bench::Read{"day/b", "", "vanished since the listing"});
  CHECK(bench.read[2] == Bench::Read{"day/c", "x", ""});
}

TEST_CASE("an object that changed since the listing is read anew, and the document says so") {
  for (const size_t size : {0, 3, 200, 9'000'000}) {
    Bench bench("memory:day/");
    bench.store.put("day/a", "before");
    bench.store.put("day/b", "x");
    const std::string after = pattern_bytes(size);
    bool changed = false;
    bench.store.fault = [&](const Request& request) -> std::optional<Error> {
      const Get* get = std::get_if<Get>(&request);
      if (get != nullptr && get->key.str() == "day/a" && !std::exchange(changed, true)) {
        bench.store.put("day/a", after);
      }
      return std::nullopt;
    };
    REQUIRE(bench.run().ok());
    CHECK(bench.read == std::vector<Bench::Read>{{"day/a", after, ""}, {"day/b", "x", ""}});
    CHECK(bench.documents[0].bytes == size);
    CHECK(bench.store.calls["head"] == 1);
    CHECK(bench.common.used() == 0);
  }
}

TEST_CASE("an object that changes all the time is bad at last") {
  Bench bench("memory:day/");
  bench.store.put("day/a", "before");
  int version = 0;
  bench.store.fault = [&](const Request& request) -> std::optional<Error> {
    if (std::holds_alternative<Get>(request)) bench.store.put("day/a", std::to_string(++version));
    return std::nullopt;
  };
  REQUIRE(bench.run().ok());
  CHECK(bench.read[0].bad == "changed again and again while it was read");
  CHECK(bench.store.calls["get"] == 4);
}

TEST_CASE("a large object that changes in the middle is bad") {
  for (const uint64_t seed : {1, 2, 3, 4, 5}) {
    Bench bench("memory:", {.seed = seed, .common_bytes = 3 << 20, .input_share_bytes = 2 << 20});
    bench.store.put("a", pattern_bytes(20'000'000));
    bench.store.put("b", "x");
    int gets = 0;
    bench.store.fault = [&](const Request& request) -> std::optional<Error> {
      const Get* get = std::get_if<Get>(&request);
      if (get != nullptr && get->key.str() == "a" && ++gets == 9) {
        bench.store.put("a", pattern_bytes(20'000'000, 'q'));
      }
      return std::nullopt;
    };
    REQUIRE(bench.run().ok());
    CHECK(bench.read[0].bad == "changed while it was read");
    CHECK(bench.read[0].bytes.size() < 20'000'000);
    CHECK(bench.read[1] == Bench::Read{"b", "x", ""});
    CHECK(bench.common.used() == 0);
  }
}

TEST_CASE("a transient error is tried again, and ends the unit if it stays") {
  Bench bench("memory:day/");
  for (const auto* key : {"day/a", "day/b"}) bench.store.put(key, "x");
  int failures = 2;
  bench.store.fault = [&](const Request& request) -> std::optional<Error> {
    const Get* get = std::get_if<Get>(&request);
    if (get == nullptr || get->key.str() != "day/a" || failures-- <= 0) return std::nullopt;
    return Error{ErrorKind::transient, "get day/a: no answer"};
  };
  REQUIRE(bench.run().ok());
  CHECK(bench.read == std::vector<Bench::Read>{{"day/a", "x", ""}, {"day/b", "x", ""}});
  CHECK(bench.store.calls["get"] == 4);
}

TEST_CASE("a denied object ends the unit with its name, and everything open is waited for") {
  Bench bench("memory:day/");
  for (int i = 0; i < 50; ++i) bench.store.put("day/" + std::to_string(i), "x");
  bench.store.fault = [&](const Request& request) -> std::optional<Error> {
    const Get* get = std::get_if<Get>(&request);
    if (get == nullptr || get->key.str() != "day/7") return std::nullopt;
    return Error{ErrorKind::denied, "get memory:day/7: 403 AccessDenied"};
  };
  const Status status = bench.run();
  REQUIRE_FALSE(status.ok());
  CHECK(status.error().message == "get memory:day/7: 403 AccessDenied");
  CHECK(bench.source->drained());
  CHECK(bench.in_flight.open() == 0);
}

TEST_CASE("after a stop everything is answered and nothing new is asked") {
  Bench bench("memory:{path.a}/");
  for (int i = 0; i < 300; ++i) bench.store.put(std::to_string(i) + "/x", "x");
  for (int i = 0; i < 40; ++i) {
    bench.source->start_what_fits(bench.purse);
    bench.store.release_one();
    bench.source->on(*bench.inbox.wait());
  }
  bench.source->stop();
  CHECK_FALSE(bench.source->drained());
  while (!bench.source->drained()) {
    bench.source->start_what_fits(bench.purse);
    REQUIRE(bench.store.release_one());
    bench.source->on(*bench.inbox.wait());
  }
  CHECK(bench.store.open() == 0);
  CHECK(bench.in_flight.open() == 0);
}

TEST_CASE("many units share what may be in flight") {
  InFlight in_flight(20);
  Budget common(64 << 20);
  Inbox inbox;
  StagedStore store;
  for (int i = 0; i < 100; ++i) store.put(std::to_string(i) + "/x", "x");
  const UnitNames unit = day();
  const auto pattern = PathPattern::parse("memory:{path.a}/");
  std::vector<std::unique_ptr<Source>> sources;
  std::deque<Purse> purses;
  for (uint32_t i = 0; i < 3; ++i) {
    SourceContext context{unit, in_flight, common, inbox, TicketSeries(i)};
    sources.push_back(make_objects_source(store, *pattern->bind(unit), context));
    purses.emplace_back(common, in_flight, Lease(), Lease());
  }
  size_t arrived = 0;
  while (arrived < 300) {
    for (uint32_t i = 0; i < 3; ++i) {
      sources[i]->start_what_fits(purses[i]);
      while (auto one = sources[i]->take()) {
        ++arrived;
        sources[i]->forget(one->document);
      }
    }
    if (store.release_one()) {
      auto event = inbox.wait();
      sources[event->ticket >> 32]->on(*event);
    }
  }
  CHECK(store.open_most == 20);
  CHECK(in_flight.open() == 0);
}

TEST_CASE("listing alone counts documents, bytes and lists") {
  auto store = make_memory_store();
  for (int i = 0; i < 1300; ++i) {
    const Key key("2024-02-08/" + std::to_string(1000 + i) + "/x");
    REQUIRE(call(*store, Put{.key = key, .body = "abc"}).ok());
  }
  auto pattern = PathPattern::parse("memory:{unit:%F}/{path.a}/");
  auto maker = make_objects_source_maker(*store, *pattern);
  CHECK(maker->traits().path_names == std::vector<std::string>{"a"});
  PlannedInput planned;
  std::vector<std::string> keys;
  const UnitNames unit = day();
  REQUIRE(maker
              ->list(
                  unit, [&](const Document& one) { keys.push_back(one.key.str()); }, planned)
              .ok());
  CHECK(planned.documents == 1300);
  CHECK(planned.bytes == 3900);
  CHECK(planned.listings == 2 + 1300);
  CHECK(keys.size() == 1300);
  CHECK(std::is_sorted(keys.begin(), keys.end()));

  const auto first = first_documents(*store, *pattern->bind(unit), 2);
  REQUIRE(first.ok());
  REQUIRE(first->size() == 2);
  CHECK((*first)[1].key.str() == "2024-02-08/1001/x");
}

}  // namespace
}  // namespace sluice
