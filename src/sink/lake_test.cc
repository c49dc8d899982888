#include "sink/lake.h"

#include <doctest/doctest.h>

#include <atomic>
#include <chrono>
#include <map>
#include <thread>

#include "base/text.h"
#include "flow/loop.h"
#include "store/memory.h"

namespace sluice {
namespace {

// Bytes as they are, in blocks of 16 KiB.
class PlainTestEncoder : public Encoder {
 public:
  std::string extension() const override { return ".jsonl"; }
  size_t block_bytes() const override { return 16 << 10; }
  size_t encoded_bytes_max(size_t text_bytes) const override { return text_bytes; }
  std::string header() const override { return "<"; }
  Status encode(Coil*, std::string_view text, bool, Encoded& out) const override {
    out.bytes.append(text);
    out.raw_bytes = text.size();
    return {};
  }
  std::string trailer(uint32_t, uint64_t raw_bytes) const override {
    return std::to_string(raw_bytes) + ">";
  }
};

// Each of its blocks refers to the one before: two at once would spoil the object.
class ChainedTestEncoder : public PlainTestEncoder {
 public:
  struct Chain : Coil {
    std::atomic<bool> busy = false;
    uint64_t raw_bytes = 0;
  };
  std::unique_ptr<Coil> coil() const override { return std::make_unique<Chain>(); }
  size_t coil_bytes() const override { return 64 << 10; }
  Status encode(Coil* coil, std::string_view text, bool final, Encoded& out) const override {
    auto& chain = static_cast<Chain&>(*coil);
    if (chain.busy.exchange(true)) ++overlaps;
    std::this_thread::sleep_for(std::chrono::microseconds(200));
    TRY(PlainTestEncoder::encode(nullptr, text, final, out));
    chain.raw_bytes += text.size();
    chain.busy = false;
    return {};
  }
  mutable std::atomic<int> overlaps = 0;
};

// Eight bytes become one.
class ThinTestEncoder : public PlainTestEncoder {
 public:
  Status encode(Coil*, std::string_view text, bool, Encoded& out) const override {
    out.bytes.append(text.substr(0, text.size() / 8));
    out.raw_bytes = text.size();
    return {};
  }
};

struct Line {
  std::string place, text;
};

std::string_view added(Batch& batch, std::string text) {
  return batch.texts.add(text);
}

Batch batch_of(const std::vector<Line>& lines) {
  Batch batch;
  std::map<std::string, uint32_t> places;
  for (const Line& line : lines) {
    const auto [at, is_new] = places.emplace(line.place, batch.places.size());
    if (is_new) batch.places.push_back(line.place);
    batch.records.push_back({.text = added(batch, line.text), .place = at->second});
  }
  return batch;
}

// Writes batches through a sink over a memory store, completes what was filled and reads it back.
struct Yard {
  explicit Yard(uint64_t share_bytes, unsigned threads = 2) : budget(1 << 30), workers(threads) {
    share = std::make_unique<Budget>(std::move(*budget.try_reserve(share_bytes)));
  }
  LakeOptions options() {
    return {.store = *store, .prefix = "lake/", .names = names, .encoder = encoder};
  }

  Status write(const LakeOptions& how, const std::vector<std::vector<Line>>& batches) {
    auto maker = make_lake_sink(how);
    auto opened = maker->open(
        {unit, Mark("job/u/1"), *share, budget, annex, meter, workers, inbox, TicketSeries(7)});
    if (!opened.ok()) return std::move(opened).error();
    Sink& sink = **opened;
    Status status = fill(sink, batches);
    sink.stop();
    while (!sink.drained()) sink.on(*inbox.wait());
    tally = sink.tally();
    for (const Upload& p : sink.take_filled()) {
      objects += 1;
      records_filled += p.content.records;
      REQUIRE(call(*store, Complete{p.key, p.id, p.parts}).ok());
      contents[p.key.str()] = std::string(call_for<Body>(*store, Get{.key = p.key})->bytes.view());
      CHECK(contents[p.key.str()].size() == p.content.bytes);
    }
    return status;
  }

  Status fill(Sink& sink, const std::vector<std::vector<Line>>& batches) {
    for (const auto& lines : batches) {
      Batch batch = batch_of(lines);
      Sink::Cursor cursor;
      while (!TRY(sink.write(batch, cursor))) {
        TRY(sink.status());
        sink.on(*inbox.wait());
      }
      while (const auto event = inbox.take_if_any()) sink.on(*event);
    }
    sink.finish();
    for (;;) {
      sink.start_what_fits();
      TRY(sink.status());
      if (sink.finished()) return {};
      sink.on(*inbox.wait());
    }
  }

  // Everything a place got, in the order of its objects, without the encoder's frame.
  std::string text_of(const std::string& place) const {
    std::string text;
    for (const auto& [key, content] : contents) {
      if (!key.starts_with("lake/" + place)) continue;
      text += content.substr(1, content.rfind('\n'));
    }
    return text;
  }

  PlainTestEncoder encoder;
  OutputNames names{
      {.partition = *Template::parse("p={.p}/", TemplateUse::partition), .extension = ".jsonl"}};
  std::unique_ptr<Store> store = make_memory_store();
  UnitNames unit{.id = "u"};
  Budget budget;
  Annex annex{Lease()};
  Inbox inbox;
  Meter meter;
  std::unique_ptr<Budget> share;
  Workers workers;
  std::map<std::string, std::string> contents;
  Tally tally;
  size_t objects = 0;
  uint64_t records_filled = 0;
};

// The first part fails, but not before the second is under way.
class FirstPartFails : public Store {
 public:
  explicit FirstPartFails(Store& inner) : inner_(inner) {}
  void start(Request request, Lease lease, Ticket ticket, Inbox& inbox) override {
    const auto* part = std::get_if<PutPart>(&request);
    if (part != nullptr && part->number == 1) {
      first_ = ticket;
      return;
    }
    if (part != nullptr)
      inbox.post(std::make_unique<Answered>(first_, Error{ErrorKind::transient, "connection lost"},
                                            Lease(), Timing()));
    inner_.start(std::move(request), std::move(lease), ticket, inbox);
  }
  Features features() const override { return inner_.features(); }
  std::string name() const override { return inner_.name(); }

 private:
  Store& inner_;
  Ticket first_ = 0;
};

// Counts the uploads that are begun.
class UploadsCounted : public Store {
 public:
  explicit UploadsCounted(Store& inner) : inner_(inner) {}
  void start(Request request, Lease lease, Ticket ticket, Inbox& inbox) override {
    if (std::holds_alternative<CreateUpload>(request)) ++begun;
    inner_.start(std::move(request), std::move(lease), ticket, inbox);
  }
  Features features() const override { return inner_.features(); }
  std::string name() const override { return inner_.name(); }
  size_t begun = 0;

 private:
  Store& inner_;
};

}  // namespace

TEST_CASE("records of a place land in one object, in order, under the unit's name") {
  Yard yard(16 << 20);
  REQUIRE(yard.write(yard.options(), {{{"p=a/", "1"}, {"p=b/", "2"}}, {{"p=a/", "3"}}}).ok());
  CHECK(yard.contents.size() == 2);
  CHECK(yard.contents["lake/p=a/u-00000.jsonl"] == "<1\n3\n4>");
  CHECK(yard.contents["lake/p=b/u-00000.jsonl"] == "<2\n2>");
  CHECK(yard.tally.records == 3);
}

TEST_CASE("an object rolls by the number of its records, counted for each place") {
  Yard yard(16 << 20);
  auto options = yard.options();
  options.roll_records = 2;
  REQUIRE(yard.write(options, {{{"", "1"}, {"", "2"}, {"", "3"}}}).ok());
  CHECK(yard.contents["lake/u-00000.jsonl"] == "<1\n2\n4>");
  CHECK(yard.contents["lake/u-00001.jsonl"] == "<3\n2>");
}

TEST_CASE("an object rolls by its size at the same records, however many workers there are") {
  std::vector<std::vector<Line>> batches(200);
  for (size_t i = 0; i < batches.size(); ++i) {
    for (int j = 0; j < 20; ++j)
      batches[i].push_back({"", std::string(500, static_cast<char>('a' + i % 26))});
  }
  std::map<std::string, std::string> first;
  for (const unsigned threads : {1U, 2U, 5U}) {
    Yard yard(16 << 20, threads);
    auto options = yard.options();
    options.roll_bytes = 300 << 10;
    REQUIRE(yard.write(options, batches).ok());
    CHECK(yard.contents.size() > 3);
    CHECK(yard.tally.records == 4000);
    if (first.empty()) first = yard.contents;
    CHECK(yard.contents == first);
  }
}

TEST_CASE(
    "a chained encoder has one block of an object at a time, however many workers there are") {
  std::vector<std::vector<Line>> batches(60);
  for (size_t i = 0; i < batches.size(); ++i) {
    for (int j = 0; j < 40; ++j)
      batches[i].push_back(
          {j % 2 == 0 ? "p=a/" : "p=b/", std::string(700, static_cast<char>('a' + i % 26))});
  }
  for (const unsigned threads : {2U, 4U}) {
    Yard yard(16 << 20, threads);
    ChainedTestEncoder encoder;
    const LakeOptions options{
        .store = *yard.store, .prefix = "lake/", .names = yard.names, .encoder = encoder};
    REQUIRE(yard.write(options, batches).ok());
    CHECK(encoder.overlaps == 0);
    CHECK(yard.tally.records == 2400);
    for (const std::string place : {"p=a/", "p=b/"}) {
      std::string expected;
      for (size_t i = 0; i < batches.size(); ++i) {
        for (int j = 0; j < 20; ++j)
          expected += std::string(700, static_cast<char>('a' + i % 26)) + "\n";
      }
      CHECK(yard.text_of(place) == expected);
    }
  }
}

TEST_CASE("more open places than the share holds: objects are sealed early, no record is lost") {
  constexpr uint64_t share_bytes = 12 << 20;
  std::vector<std::vector<Line>> batches(60);
  std::map<std::string, std::string> expected;
  for (size_t i = 0; i < batches.size(); ++i) {
    for (int place = 0; place < 3000; place += 2) {
      const Line line{"p=" + std::to_string(place + static_cast<int>(i % 2)) + "/",
                      std::to_string(i) + std::string(100 + place % 50, 'x')};
      expected[line.place] += line.text + "\n";
      batches[i].push_back(line);
    }
  }
  std::map<std::string, std::string> first;
  for (const unsigned threads : {1U, 3U}) {
    Yard yard(share_bytes, threads);
    REQUIRE(yard.write(yard.options(), batches).ok());
    CHECK(yard.share->peak() <= share_bytes);
    CHECK(yard.objects > 3000);
    for (const auto& [place, text] : expected) REQUIRE(yard.text_of(place) == text);
    if (first.empty()) first = yard.contents;
    CHECK(yard.contents == first);
  }
}

TEST_CASE("where encoding makes room for the text of all places, each has one object") {
  constexpr uint64_t share_bytes = 12 << 20;
  const ThinTestEncoder encoder;
  std::vector<std::vector<Line>> batches(120);
  for (size_t i = 0; i < batches.size(); ++i) {
    for (int place = static_cast<int>(i % 2); place < 3000; place += 2)
      batches[i].push_back({"p=" + std::to_string(place) + "/", std::string(150, 'x')});
  }
  std::map<std::string, std::string> first;
  for (const unsigned threads : {1U, 3U}) {
    Yard yard(share_bytes, threads);
    LakeOptions options{
        .store = *yard.store, .prefix = "lake/", .names = yard.names, .encoder = encoder};
    REQUIRE(yard.write(options, batches).ok());
    CHECK(yard.share->peak() <= share_bytes);
    CHECK(yard.objects == 3000);
    CHECK(yard.records_filled == 120 * 1500);
    if (first.empty()) first = yard.contents;
    CHECK(yard.contents == first);
  }
}

TEST_CASE("a record larger than a block goes in piece by piece, and objects end only at records") {
  Yard yard(8 << 20);
  const std::string large(7 << 20, 'x');
  auto options = yard.options();
  options.roll_bytes = 64 << 10;
  REQUIRE(yard.write(options, {{{"", "1"}, {"", large}, {"", "2"}}}).ok());
  CHECK(yard.text_of("") == "1\n" + large + "\n2\n");
}

TEST_CASE(
    "too many places are an error before more than a few of those that the share holds are "
    "stored") {
  std::vector<std::vector<Line>> batches(60);
  for (size_t i = 0; i < 1000 * batches.size(); ++i)
    batches[i / 1000].push_back({"p=" + std::to_string(i) + "/", std::string(100, 'x')});
  for (const uint64_t share_bytes : {64 << 20, 24 << 20}) {
    Yard yard(share_bytes);
    UploadsCounted store(*yard.store);
    const LakeOptions options{
        .store = store, .prefix = "lake/", .names = yard.names, .encoder = yard.encoder};
    const Status status = yard.write(options, batches);
    REQUIRE(!status.ok());
    CHECK(status.error().kind == ErrorKind::invalid);
    CHECK(status.error().message ==
          "lake: more than 50000 objects in one unit (50001 places so far); use a coarser "
          "partition, smaller units, or a larger share");
    // The first few are begun while their first text comes.
    CHECK(store.begun <= (share_bytes == 64 << 20 ? 64 : objects_max));
  }
}

TEST_CASE("duplicates are dropped and conflicts kept, within the unit") {
  Yard yard(16 << 20);
  auto options = yard.options();
  options.dedupe = true;
  Batch batch =
      batch_of({{"", "a1"}, {"", "a1"}, {"", "a2"}, {"", "b"}, {"", "none"}, {"", "none"}});
  const std::vector<uint64_t> fields = {1, 1, 1, 2, 0, 0};
  for (size_t i = 0; i < fields.size(); ++i) {
    Record& record = batch.records[i];
    record.has_identity = fields[i] != 0;
    record.identity = {fields[i], fields[i]};
    record.content = hash128(record.text);
  }
  auto maker = make_lake_sink(options);
  auto sink = *maker->open({yard.unit, Mark("m"), *yard.share, yard.budget, yard.annex, yard.meter,
                            yard.workers, yard.inbox, TicketSeries(7)});
  Sink::Cursor cursor;
  REQUIRE(*sink->write(batch, cursor));
  CHECK(sink->tally().records == 5);
  CHECK(sink->tally().duplicates == 1);
  CHECK(sink->tally().conflicts == 1);
  sink->stop();
  while (!sink->drained()) sink->on(*yard.inbox.wait());
}

TEST_CASE(
    "an object that has lost a part never counts as filled, even if all others are acknowledged") {
  Yard yard(16 << 20);
  FirstPartFails store(*yard.store);
  LakeOptions options{
      .store = store, .prefix = "lake/", .names = yard.names, .encoder = yard.encoder};
  const Status status = yard.write(options, {{{"p=a/", std::string(6 << 20, 'x')}}});
  REQUIRE_FALSE(status.ok());
  CHECK(status.error().message == "connection lost");
  CHECK(yard.objects == 0);
}

}  // namespace sluice
