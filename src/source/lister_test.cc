#include "source/lister.h"

#include <doctest/doctest.h>

#include <set>

#include "source/staged_store.h"

namespace sluice {
namespace {

constexpr std::string_view trail =
    "memory:AWSLogs/[{path.org:o-*}/]{path.account}/CloudTrail/{path.region}/{unit:%Y/%m/%d}/";

BoundPattern bound(std::string_view text) {
  UnitNames unit{.id = "2024-02-08"};
  unit.start = parse_time("2024-02-08T00:00:00Z");
  auto pattern = PathPattern::parse(text);
  REQUIRE_MESSAGE(pattern.ok(), pattern.error().message);
  return *pattern->bind(unit);
}

struct Bench {
  StagedStore store;
  InFlight in_flight{512};
  Budget common{32 << 20};
  Inbox inbox;
  TicketSeries tickets{7};
  Lister lister;

  explicit Bench(std::string_view pattern, uint64_t seed = 1)
      : store(seed), lister(bound(pattern), {store, in_flight, common, inbox, tickets}) {}

  // All keys, in the order they come.
  std::vector<std::string> run() {
    std::vector<std::string> keys;
    for (;;) {
      lister.start_what_fits();
      while (auto found = lister.take()) keys.push_back(found->object.key.str());
      lister.start_what_fits();
      if (lister.ended() || (lister.error() && lister.open() == 0)) break;
      ENSURE(store.release_one() || lister.open() > 0);
      lister.on(*inbox.wait());
    }
    return keys;
  }
};

std::string leaf(int account, int region, std::string_view service = "CloudTrail") {
  return "AWSLogs/" + std::to_string(100 + account) + "/" + std::string(service) + "/region-" +
         std::to_string(10 + region) + "/2024/02/08/";
}

TEST_CASE("twelve accounts in seventeen regions are 1 + 12 + 204 lists, in key order") {
  for (const uint64_t seed : {1, 2, 3}) {
    Bench bench(trail, seed);
    std::set<std::string> keys;
    for (int account = 0; account < 12; ++account) {
      for (int region = 0; region < 17; ++region) {
        for (int i = 0; i < 3; ++i) {
          keys.insert(leaf(account, region) + std::to_string(i) + ".json.gz");
          bench.store.put(leaf(account, region) + std::to_string(i) + ".json.gz", "x");
        }
        bench.store.put(leaf(account, region, "CloudTrail-Digest") + "d.json.gz", "x");
        bench.store.put(leaf(account, region, "CloudTrail-Insight") + "i.json.gz", "x");
      }
    }
    CHECK(bench.run() == std::vector<std::string>(keys.begin(), keys.end()));
    CHECK(bench.store.calls["list"] == 1 + 12 + 204);
    CHECK(bench.lister.found() == keys.size());
    CHECK(bench.store.open_most <= Lister::lists_in_flight_max);
    CHECK(bench.common.used() == 0);
    CHECK(bench.in_flight.open() == 0);
  }
}

TEST_CASE("both layouts of a trail lie side by side") {
  Bench bench(trail);
  const std::string plain = "AWSLogs/123/CloudTrail/r/2024/02/08/a";
  const std::string organised = "AWSLogs/o-abc/456/CloudTrail/r/2024/02/08/a";
  bench.store.put(plain, "x");
  bench.store.put(organised, "x");
  bench.store.put("AWSLogs/o-abc/456/CloudTrail-Digest/r/2024/02/08/a", "x");
  bench.store.put("AWSLogs/o-abc/CloudTrail/r/2024/02/08/a", "x");
  CHECK(bench.run() ==
        std::vector<std::string>{plain, organised, "AWSLogs/o-abc/CloudTrail/r/2024/02/08/a"});
}

TEST_CASE("1,200 accounts are listed page by page, and so are their objects") {
  Bench bench("memory:AWSLogs/{path.account}/CloudTrail/");
  std::set<std::string> keys;
  for (int i = 0; i < 1200; ++i) {
    keys.insert("AWSLogs/" + std::to_string(1000 + i) + "/CloudTrail/x");
  }
  for (int i = 0; i < 2500; ++i) {
    keys.insert("AWSLogs/1100/CloudTrail/k" + std::to_string(10000 + i));
  }
  for (const auto& key : keys) bench.store.put(key, "x");
  CHECK(bench.run() == std::vector<std::string>(keys.begin(), keys.end()));
}

TEST_CASE("keys come in the order of whole keys, not of folders") {
  Bench bench("memory:[{path.a}/]{path.b:?*}");
  const std::set<std::string> keys = {"a", "a!", "a-b/x", "a/b", "a/c", "a0", "b/", "a-b", "c/d/e"};
  for (const auto& key : keys) bench.store.put(key, "x");
  CHECK(bench.run() == std::vector<std::string>{"a", "a!", "a-b", "a-b/x", "a/b", "a/c", "a0"});

  Bench below("memory:{path.a}/");
  for (const auto& key : {"a-b/x", "a/x", "a/y/z", "a0/x"}) below.store.put(key, "x");
  CHECK(below.run() == std::vector<std::string>{"a-b/x", "a/x", "a/y/z", "a0/x"});
}

TEST_CASE("a path without holes is one list, and a key alone one entry") {
  Bench bench("memory:day/");
  bench.store.put("day/a", "x");
  bench.store.put("day/b/c", "x");
  bench.store.put("day/", "");
  bench.store.put("day/folder/", "");
  bench.store.put("days/a", "x");
  CHECK(bench.run() == std::vector<std::string>{"day/a", "day/b/c"});
  CHECK(bench.store.calls["list"] == 1);

  Bench one("memory:day/a");
  one.store.put("day/a", "x");
  one.store.put("day/a.b", "x");
  CHECK(one.run() == std::vector<std::string>{"day/a"});
  Bench none("memory:day/a");
  none.store.put("day/a.b", "x");
  CHECK(none.run().empty());
  CHECK(none.lister.found() == 0);
}

TEST_CASE("what a hole's pattern begins with is left to the store") {
  Bench bench("memory:{path.org:o-*}/x");
  std::vector<std::string> prefixes;
  bench.store.fault = [&](const Request& request) -> std::optional<Error> {
    prefixes.push_back(std::get<List>(request).prefix);
    return std::nullopt;
  };
  bench.store.put("o-1/x", "x");
  bench.store.put("p-1/x", "x");
  CHECK(bench.run() == std::vector<std::string>{"o-1/x"});
  CHECK(prefixes == std::vector<std::string>{"o-", "o-1/x"});
}

TEST_CASE("objects come before the listing has ended") {
  Bench bench("memory:{path.a}/");
  for (int i = 0; i < 300; ++i) bench.store.put(std::to_string(100 + i) + "/x", "x");
  size_t taken = 0;
  while (taken == 0) {
    bench.lister.start_what_fits();
    REQUIRE(bench.store.release_one());
    bench.lister.on(*bench.inbox.wait());
    if (bench.lister.take()) ++taken;
  }
  CHECK_FALSE(bench.lister.found().has_value());
  CHECK(bench.lister.lists() < 100);
  CHECK(1 + bench.run().size() == 300);
}

TEST_CASE("pages ahead of the reader stay within bounds, and a full budget still lets it end") {
  Bench bench("memory:{path.a}/");
  for (int i = 0; i < 60; ++i) {
    for (int j = 0; j < 300; ++j) {
      bench.store.put(std::to_string(100 + i) + "/" + std::to_string(1000 + j), "x");
    }
  }
  // Nobody takes: listing stops by itself.
  for (;;) {
    bench.lister.start_what_fits();
    if (!bench.store.release_one()) break;
    bench.lister.on(*bench.inbox.wait());
  }
  CHECK(bench.common.used() > 0);
  CHECK(bench.common.peak() <= Lister::ahead_bytes_max);

  // Somebody else has all the memory: the front is listed all the same.
  auto rest = bench.common.try_reserve(bench.common.capacity() - bench.common.used());
  CHECK(bench.run().size() == 60 * 300);
  CHECK(bench.common.used() == rest->bytes());
}

TEST_CASE("a list that fails is tried again, at last its error stands") {
  Bench bench("memory:{path.a}/");
  bench.store.put("a/x", "x");
  int failures = 2;
  bench.store.fault = [&](const Request&) -> std::optional<Error> {
    if (failures-- > 0) return Error{ErrorKind::transient, "list: no answer"};
    return std::nullopt;
  };
  CHECK(bench.run() == std::vector<std::string>{"a/x"});
  CHECK(bench.store.calls["list"] == 4);

  Bench denied("memory:{path.a}/");
  denied.store.fault = [](const Request&) { return Error{ErrorKind::denied, "list: 403"}; };
  CHECK(denied.run().empty());
  REQUIRE(denied.lister.error());
  CHECK(denied.lister.error()->message == "list: 403");
  CHECK(denied.lister.open() == 0);
}

}  // namespace
}  // namespace sluice
