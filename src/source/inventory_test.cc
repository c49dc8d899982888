#include "source/inventory.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <functional>

#include "base/digest.h"
#include "base/text.h"
#include "json/value.h"
#include "store/staged.h"

namespace sluice {
namespace {

// Rows as an inventory has them, without quotes and gzip: the codecs are another room's.
class PlainRows : public Decoder {
 public:
  explicit PlainRows(std::vector<std::string> columns) : columns_(std::move(columns)) {}
  void reset() override { row_.clear(), inflated_ = done_ = 0; }
  Result<DecodeStep> step(std::string_view& input, bool last, Buffer& window,
                          std::vector<json::Span>& records, std::vector<SetAside>&) override {
    while (!input.empty()) {
      const char c = input.front();
      if (c == '\n') {
        const std::string json = json_of_row();
        if (json.size() > window.room()) return DecodeStep{DecodeStep::Next::more_room, done_};
        const size_t begin = window.size();
        window.append(json);
        records.push_back({begin, window.size()});
        done_ = window.size();
        row_.clear();
      } else if (c == '!') {
        return Error{ErrorKind::corrupt, "an exclamation mark"};
      } else if (c == '?') {
        rest_lost_ = "a question mark";
        input = {};
        break;
      } else {
        row_ += c;
      }
      input.remove_prefix(1);
    }
    return DecodeStep{last ? DecodeStep::Next::finished : DecodeStep::Next::more_input, done_};
  }
  std::optional<std::string> rest_lost() const override { return rest_lost_; }
  void dropped(size_t bytes) override { done_ -= bytes; }
  uint64_t window_offset() const override { return 0; }
  uint64_t inflated() const override { return inflated_; }
  Spoils spoils() const override { return Spoils::record; }
  bool json() const override { return true; }
  const std::vector<std::string>& warnings() const override { return warnings_; }

 private:
  std::string json_of_row() const {
    std::string json = "{";
    size_t column = 0;
    for (const std::string_view value : split(row_, ',')) {
      json += (column == 0 ? "" : ",") + json::quote(columns_[column]) + ":" + json::quote(value);
      ++column;
    }
    return json + "}";
  }
  const std::vector<std::string> columns_;
  std::string row_;
  std::optional<std::string> rest_lost_;
  uint64_t inflated_ = 0;
  size_t done_ = 0;
  std::vector<std::string> warnings_;
};
class PlainRowsMaker : public DecoderMaker {
 public:
  explicit PlainRowsMaker(std::vector<std::string> columns) : columns_(std::move(columns)) {}
  std::unique_ptr<Decoder> make() const override { return std::make_unique<PlainRows>(columns_); }
  uint64_t inflated_hint(std::string_view) const override { return 0; }

 private:
  const std::vector<std::string> columns_;
};

struct Bench {
  StagedStore kept;  // The inventory's
  StagedStore logs;
  InFlight in_flight{512};
  Budget common{64 << 20};
  Inbox inbox;
  TicketSeries tickets{7};
  std::unique_ptr<Listing> listing;
  std::string files;
  std::string schema = "Bucket, Key, Size, ETag";
  std::string format = "CSV";
  std::string bucket = "logs";

  explicit Bench(uint64_t seed = 1) : kept(seed) {}

  void add(const std::string& name, const std::string& rows, std::string md5 = {}) {
    if (md5.empty()) md5 = hex(sluice::md5(rows));
    kept.put(name, rows);
    files += (files.empty() ? "" : ",") + std::string(R"({"key":)") + json::quote(name) +
             R"(,"size":)" + std::to_string(rows.size()) + R"(,"MD5checksum":")" + md5 + "\"}";
  }
  std::string manifest() const {
    return R"({"sourceBucket":")" + bucket + R"(","fileFormat":")" + format +
           R"(","fileSchema":")" + schema + R"(","files":[)" + files + "]}";
  }
  // What it gives, as "key size etag".
  std::vector<std::string> run(std::string_view pattern = "memory:a/") {
    kept.put("m.json", manifest());
    const auto parsed = PathPattern::parse(pattern);
    REQUIRE(parsed.ok());
    const MakeListing make =
        inventory_listing({kept, Key("m.json"), "logs", [](std::vector<std::string> columns) {
                             return std::make_unique<PlainRowsMaker>(std::move(columns));
                           }});
    listing = make(*parsed->bind({.id = "u"}), {logs, in_flight, common, inbox, tickets});
    std::vector<std::string> found;
    for (;;) {
      listing->start_what_fits();
      while (auto one = listing->take()) {
        found.push_back(one->object.key.str() + " " + std::to_string(one->object.bytes) + " " +
                        one->object.etag.str());
      }
      listing->start_what_fits();
      if (listing->open() == 0 && (listing->error() || listing->ended())) break;
      kept.release_one();
      listing->on(*inbox.wait());
    }
    CHECK(in_flight.open() == 0);
    return found;
  }
  std::string error() const { return listing->error() ? listing->error()->message : "none"; }
};
using Keys = std::vector<std::string>;

std::string row(const std::string& key, int size = 5) {
  return "logs," + key + "," + std::to_string(size) + ",e\n";
}

bool has(const std::string& text, std::string_view words) {
  return text.find(words) != text.npos;
}

}  // namespace

TEST_CASE("an inventory gives what the pattern fits, in key order, with size and ETag") {
  Bench bench;
  bench.add("f/1.csv", row("b/x") + row("a/2", 7) + row("a/%C3%A4+1%2B"));
  bench.add("f/2.csv", row("a/1") + row("a/folder/", 0) + row("a%2F0", 0));
  bench.add("f/3.csv", "");
  CHECK(bench.run() == Keys{"a/0 0 e", "a/1 5 e", "a/2 7 e", "a/\xc3\xa4 1+ 5 e"});
  CHECK(bench.listing->found() == 4);
  CHECK(bench.listing->lists() == 3);  // The manifest and two files; the empty one isn't asked for
  bench.listing.reset();
  CHECK(bench.common.used() == 0);
}

TEST_CASE("old versions and delete markers are no objects") {
  Bench bench;
  bench.schema = "Bucket, Key, VersionId, IsLatest, IsDeleteMarker, Size, ETag";
  bench.add("1",
            "logs,a/x,v2,true,false,5,e2\nlogs,a/x,v1,false,false,6,e1\n"
            "logs,a/y,v2,true,true,,\nlogs,a/y,v1,false,false,6,e1\n");
  CHECK(bench.run() == Keys{"a/x 5 e2"});
}

TEST_CASE("files of several ranges, in any order of answers, are each read once and whole") {
  for (const uint64_t seed : {1, 2, 3}) {
    Bench bench(seed);
    size_t wanted = 0;
    for (int file = 0; file < 3; ++file) {
      std::string rows;
      for (int i = 0; i < 40'000; ++i, ++wanted)
        rows += row("a/" + std::to_string(1'000'000 + file * 40'000 + i) + std::string(20, 'k'));
      bench.add(std::to_string(file), rows);
    }
    const Keys found = bench.run();
    CHECK(bench.error() == "none");
    CHECK(found.size() == wanted);
    CHECK(std::is_sorted(found.begin(), found.end()));
    CHECK(bench.kept.open_most <= 4);
  }
}

TEST_CASE("a sorted inventory needs a window of keys alone; an unsorted large one is refused") {
  const auto rows_from = [](int begin, int end) {
    std::string rows;
    for (int i = begin; i < end; ++i) rows += row("a/" + std::to_string(100'000 + i));
    return rows;
  };
  Bench sorted;
  sorted.add("1", rows_from(0, 60'000));
  CHECK(sorted.run().size() == 60'000);
  CHECK(sorted.common.peak() < 14 << 20);

  Bench unsorted;
  unsorted.add("1", rows_from(40'000, 80'000));
  unsorted.add("2", rows_from(0, 40'000));
  unsorted.run();
  CHECK(has(unsorted.error(), "its keys are in no order"));

  Bench small;
  small.add("1", rows_from(500, 1000));
  small.add("2", rows_from(0, 500));
  CHECK(small.run().size() == 1000);
}

TEST_CASE("what isn't understood is refused in one line") {
  const auto error_of = [](const std::function<void(Bench&)>& change) {
    Bench bench;
    bench.add("f/1", row("a/1"));
    change(bench);
    CHECK(bench.run().empty());
    CHECK(bench.error().starts_with("inventory memory:m.json: "));
    return bench.error();
  };
  CHECK(has(error_of([](Bench& b) { b.format = "ORC"; }), "only CSV is understood"));
  CHECK(has(error_of([](Bench& b) { b.format = "Parquet"; }), "only CSV is understood"));
  CHECK(has(error_of([](Bench& b) { b.format = ""; }), "is this the manifest.json"));
  CHECK(has(error_of([](Bench& b) { b.schema = "Bucket, Key, ETag"; }), "has no Size"));
  CHECK(has(error_of([](Bench& b) { b.bucket = "other"; }), "lists the bucket other, not logs"));
  CHECK(has(error_of([](Bench& b) { b.files = "1"; }), "no key or no size"));
}

TEST_CASE("damaged files are never taken for shorter ones") {
  Bench wrong_sum;
  wrong_sum.add("f/1", row("a/1"), "00000000000000000000000000000000");
  wrong_sum.run();
  CHECK(has(wrong_sum.error(), "f/1: its MD5 is"));
  Bench bad;
  bad.add("f/1", row("a/1") + "!");
  bad.run();
  CHECK(has(bad.error(), "f/1: an exclamation mark"));
  Bench cut;  // A damaged gzip member, and no MD5 in the manifest
  cut.add("f/1", row("a/1") + "?" + row("a/2"));
  cut.run();
  CHECK(has(cut.error(), "f/1: a question mark"));
  Bench no_size;
  no_size.add("f/1", "logs,a/1,many,e\n");
  no_size.run();
  CHECK(has(no_size.error(), "a row without key or size"));
  Bench gone;
  gone.add("f/1", row("a/1"));
  gone.kept.remove("f/1");
  gone.run();
  CHECK(gone.listing->error()->kind == ErrorKind::not_found);
  Bench twice;
  twice.add("f/1", row("a/1") + row("a/1"));
  twice.run();
  CHECK(has(twice.error(), "a/1 is there twice"));
}

TEST_CASE("a passing failure is tried again") {
  Bench bench;
  bench.add("f/1", row("a/1"));
  int failures = 2;
  bench.kept.fault = [&](const Request& request) -> std::optional<Error> {
    if (std::holds_alternative<Get>(request) && failures-- > 0)
      return Error{ErrorKind::transient, "get: no answer"};
    return std::nullopt;
  };
  CHECK(bench.run() == Keys{"a/1 5 e"});
}

}  // namespace sluice
