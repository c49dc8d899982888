#include "source/lister.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <functional>
#include <set>

#include "store/staged.h"

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

  explicit Bench(std::string_view pattern, uint64_t seed = 1, Features features = {})
      : store(seed, features), lister(bound(pattern), {store, in_flight, common, inbox, tickets}) {}

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

// Takes one list answer for another, as a wrapper or a server may.
class LostStore : public Store {
 public:
  explicit LostStore(std::function<void(const List&, Page&)> spoil) : spoil_(std::move(spoil)) {}
  void start(Request request, Lease lease, Ticket ticket, Inbox& inbox) override {
    const List list = std::get<List>(request);
    auto page = call_for<Page>(*memory, std::move(request));
    REQUIRE(page.ok());
    REQUIRE(++lists < 100);  // Round and round
    spoil_(list, *page);
    inbox.post(
        std::make_unique<Answered>(ticket, Answer(std::move(*page)), std::move(lease), Timing()));
  }
  Features features() const override { return memory->features(); }
  std::string name() const override { return "memory:"; }
  const std::unique_ptr<MemoryStore> memory = make_memory_store();
  int lists = 0;

 private:
  const std::function<void(const List&, Page&)> spoil_;
};

std::string error_of(std::string_view pattern, std::function<void(const List&, Page&)> spoil) {
  LostStore store(std::move(spoil));
  for (int i = 0; i < 3; ++i) {
    const std::string name = "a/" + std::to_string(i);
    REQUIRE(call(*store.memory, Put{.key = Key(name + ".json"), .body = "x"}).ok());
    REQUIRE(call(*store.memory, Put{.key = Key(name + "/x.json"), .body = "x"}).ok());
  }
  InFlight in_flight{16};
  Budget common{32 << 20};
  Inbox inbox;
  TicketSeries tickets{7};
  Lister lister(bound(pattern), {store, in_flight, common, inbox, tickets});
  for (;;) {
    lister.start_what_fits();
    while (lister.take()) {
    }
    if (lister.error() && lister.open() == 0) return lister.error()->message;
    if (lister.ended()) return "";
    lister.on(*inbox.wait());
  }
}

TEST_CASE("a listing that doesn't go forward is an error, whatever store it comes from") {
  const auto says = [](const std::string& text) {
    return text.find("doesn't go forward") != std::string::npos;
  };
  for (const std::string_view pattern : {"memory:a/", "memory:a/{path.name}/x.json"}) {
    CAPTURE(pattern);
    CHECK(error_of(pattern, [](const List&, Page&) {}).empty());
    // IsTruncated without a token: asked again it begins anew
    CHECK(says(error_of(pattern, [](const List&, Page& page) { page.next = ""; })));
    CHECK(says(error_of(pattern, [](const List&, Page& page) { page.next = "same"; })));
    CHECK(says(error_of(pattern, [](const List&, Page& page) {
      std::reverse(page.objects.begin(), page.objects.end());
      std::reverse(page.prefixes.begin(), page.prefixes.end());
    })));
    CHECK(says(error_of(pattern, [](const List&, Page& page) {
      if (!page.objects.empty()) page.objects.push_back(page.objects.back());
      if (!page.prefixes.empty()) page.prefixes.push_back(page.prefixes.back());
    })));
    // Tokens that go round, with nothing on the pages
    CHECK(says(error_of(pattern, [](const List& list, Page& page) {
      page = {.next = std::to_string((list.after.empty() ? 0 : list.after[0] - '0' + 1) % 5)};
    })));
  }
}

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

TEST_CASE("what Sluice keeps in another job's lake is no document, unless the path names it") {
  const auto found = [](std::string_view pattern) {
    Bench bench(pattern);
    for (const char* key :
         {"lake/a.jsonl", "lake/_sluice/owner.json", "lake/_sluice/j/once.json",
          "lake/.sluice/open/x", "lake/day/b.jsonl", "lake/day/_sluice/owner.json",
          "lake/_sluice/set_aside/j/once-0.jsonl", "lake/_sluicer/c.jsonl"}) {
      bench.store.put(key, "x");
    }
    return bench.run();
  };
  const std::vector<std::string> data = {"lake/_sluicer/c.jsonl", "lake/a.jsonl",
                                         "lake/day/b.jsonl"};
  CHECK(found("memory:lake/") == data);
  CHECK(found("memory:{path.x}/") == data);
  CHECK(found("memory:lake/{path.x}/{path.y}") ==
        std::vector<std::string>{"lake/_sluicer/c.jsonl", "lake/day/b.jsonl"});
  CHECK(found("memory:lake/_sluice/set_aside/") ==
        std::vector<std::string>{"lake/_sluice/set_aside/j/once-0.jsonl"});
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
  for (int i = 0; i < 3000; ++i) bench.store.put(std::to_string(1000 + i) + "/x", "x");
  size_t taken = 0;
  while (taken == 0) {
    bench.lister.start_what_fits();
    REQUIRE(bench.store.release_one());
    bench.lister.on(*bench.inbox.wait());
    if (bench.lister.take()) ++taken;
  }
  CHECK_FALSE(bench.lister.found().has_value());
  CHECK(bench.lister.lists() < 1500);
  CHECK(1 + bench.run().size() == 3000);
}

TEST_CASE("lists don't wait for slots that nobody else needs") {
  Bench bench("memory:{path.a}/");
  for (int i = 0; i < 400; ++i) bench.store.put(std::to_string(100 + i) + "/x", "x");
  bench.lister.start_what_fits();
  REQUIRE(bench.store.release_one());
  bench.lister.on(*bench.inbox.wait());
  bench.lister.start_what_fits();
  CHECK(bench.store.open() > Lister::lists_beside_reads_max);
}

TEST_CASE("beside objects that wait to be read no more lists are begun than feed the reads") {
  Bench bench("memory:{path.a}/");
  for (int i = 0; i < 800; ++i)
    bench.store.put(std::to_string(1'000 + i / 2) + "/" + std::to_string(i), "x");
  // Two lie in each folder: one is taken, and from then on the other waits.
  bool waits = false;
  uint64_t begun_beside = 0;
  for (;;) {
    const uint64_t before = bench.lister.lists();
    bench.lister.start_what_fits();
    if (waits && bench.lister.lists() > before) {
      begun_beside += bench.lister.lists() - before;
      REQUIRE(bench.store.open() <= Lister::lists_beside_reads_max);
    }
    if (!bench.store.release_one()) break;
    bench.lister.on(*bench.inbox.wait());
    waits = waits || bench.lister.take();
  }
  CHECK(begun_beside > 0);
  CHECK(1 + bench.run().size() == 800);
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

// Names as people, programs and chance make them: some can be counted on, some can't.
std::vector<std::function<std::string(uint64_t, Chance&)>> kinds_of_names() {
  const auto padded = [](uint64_t i, int digits) {
    std::string text = std::to_string(i);
    return std::string(digits - std::min<size_t>(digits, text.size()), '0') + text;
  };
  return {
      [=](uint64_t i, Chance&) { return "part-" + padded(i, 6) + ".json.gz"; },
      [](uint64_t i, Chance&) { return std::to_string(i) + ".json"; },
      [](uint64_t, Chance& chance) {
        constexpr std::string_view hex = "0123456789abcdef";
        std::string name;
        for (int j = 0; j < 12; ++j) name += hex[chance.below(16)];
        return name;
      },
      [=](uint64_t i, Chance&) {
        const uint64_t second = i * 7;
        return "2024-02-08T" + padded(second / 3600, 2) + ":" + padded(second / 60 % 60, 2) + ":" +
               padded(second % 60, 2) + "Z";
      },
      [=](uint64_t i, Chance& chance) {  // In uneven heaps, with slashes within
        const uint64_t heap = chance.below(1 + chance.below(30));
        return "h" + std::to_string(heap * heap) + "/" + padded(i, 5);
      },
      [](uint64_t, Chance& chance) {  // Any bytes, some of several
        std::string name;
        for (uint64_t j = 1 + chance.below(4); j > 0; --j) {
          name += chance.below(3) == 0 ? std::string("\xc3\xa4")
                                       : std::string(1, static_cast<char>(33 + chance.below(90)));
        }
        return name;
      },
  };
}

TEST_CASE("a flat prefix in parts is every key once, in order, whatever its names") {
  uint64_t seed = 0;
  for (const auto& name_of : kinds_of_names()) {
    for (const uint32_t entries : {3U, 20U, 150U}) {
      Bench bench("memory:day/", ++seed);
      bench.store.page_entries_most = entries;
      Chance chance(seed);
      std::set<std::string> keys;
      for (uint64_t i = 0; i < 1500; ++i) keys.insert("day/" + name_of(i, chance));
      // Names with a slash at their end are no documents.
      std::erase_if(keys, [](const std::string& key) { return key.ends_with('/'); });
      for (const auto& key : keys) bench.store.put(key, "x");
      for (const auto* key : {"dax", "day!", "day0/1", "daz"}) bench.store.put(key, "x");
      int left = 5;  // Some lists fail at first.
      bench.store.fault = [&](const Request&) -> std::optional<Error> {
        if (chance.below(40) != 0 || left-- <= 0) return std::nullopt;
        return Error{ErrorKind::transient, "list: no answer"};
      };
      CHECK(bench.run() == std::vector<std::string>(keys.begin(), keys.end()));
      CHECK(bench.lister.found() == keys.size());
      CHECK(bench.common.used() == 0);
      CHECK(bench.in_flight.open() == 0);
      // What is asked for in vain is bounded; guesses from three keys are poor.
      CHECK(bench.store.calls["list"] < (entries == 3 ? 3 : 2) * keys.size() / entries + 64);
    }
  }
}

// How many times a store is waited for that answers all that it has been asked at once.
size_t rounds(Bench& bench, size_t& found) {
  size_t rounds = 0;
  for (;; ++rounds) {
    bench.lister.start_what_fits();
    while (bench.lister.take()) ++found;
    bench.lister.start_what_fits();
    if (bench.lister.ended()) return rounds;
    size_t open = 0;
    while (bench.store.release_one()) ++open;
    REQUIRE(open > 0);
    for (; open > 0; --open) bench.lister.on(*bench.inbox.wait());
  }
}

TEST_CASE("a flat prefix of 60 pages is listed in a fraction of 60 round trips") {
  const auto names = kinds_of_names();
  for (const size_t kind : {0U, 2U, 3U}) {
    Bench bench("memory:day/");
    bench.store.page_entries_most = 100;
    Chance chance(1);
    for (uint64_t i = 0; i < 6000; ++i) bench.store.put("day/" + names[kind](i, chance), "x");
    size_t found = 0;
    const size_t waits = rounds(bench, found);
    CHECK(found == 6000);
    CHECK(waits < 28);  // Eight pages, then as many as fit ahead of the reader
    CHECK(bench.store.calls["list"] < 110);
    CHECK(bench.common.peak() <= Lister::ahead_bytes_max);
  }
}

TEST_CASE("where a list can't begin anywhere, and below eight pages, nothing is cut") {
  for (const uint64_t keys : {70U, 700U}) {
    Bench bench("memory:day/", 1, {.lists_from_anywhere = keys < 100});
    bench.store.page_entries_most = 10;
    for (uint64_t i = 0; i < keys; ++i) bench.store.put("day/" + std::to_string(1000 + i), "x");
    CHECK(bench.run().size() == keys);
    CHECK(bench.store.calls["list"] == keys / 10);
    CHECK(bench.store.open_most == 1);
  }
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
