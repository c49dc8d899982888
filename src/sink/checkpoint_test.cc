#include "sink/checkpoint.h"

#include <doctest/doctest.h>

#include "sink/lake.h"
#include "store/memory.h"

namespace sluice {
namespace {

// Bytes as they are, with their sums at the end.
class PlainTestEncoder : public Encoder {
 public:
  std::string extension() const override { return ".jsonl"; }
  size_t block_bytes() const override { return 256 << 10; }
  size_t encoded_bytes_max(size_t text_bytes) const override { return text_bytes; }
  std::string header() const override { return "<"; }
  Status encode(Coil*, std::string_view text, bool, Encoded& out) const override {
    out.bytes.append(text);
    out.raw_bytes = text.size();
    out.crc32 = static_cast<uint32_t>(text.size());
    return {};
  }
  std::string trailer(uint32_t, uint64_t raw_bytes) const override {
    return std::to_string(raw_bytes) + ">";
  }
};

// Pages of records, written by one sink after another as a unit and its resumers would.
std::string_view added(Batch& batch, std::string text) {
  return batch.texts.add(text);
}

struct Pages {
  static constexpr int count = 120;
  Batch page(int number) {
    Batch batch;
    batch.places.push_back(number % 10 == 9 && two_places ? "p=b/" : "p=a/");
    for (int i = 0; i < 20; ++i) {
      const std::string text = "{\"page\":" + std::to_string(number) +
                               ",\"i\":" + std::to_string(i) + ",\"x\":\"" +
                               std::string(10'000 + 13 * number, 'x') + "\"}";
      batch.records.push_back({.text = added(batch, text), .time_ns = 1'000 * number + i});
    }
    return batch;
  }
  struct Ended {
    std::optional<SinkCheckpoint> last;
    std::vector<Upload> uploads;
    uint64_t records = 0;
    int checkpoints = 0;
  };
  std::unique_ptr<Sink> open(Budget& share, std::optional<SinkCheckpoint> from,
                             uint64_t roll_bytes) {
    maker = make_lake_sink({.store = *store,
                            .prefix = "lake/",
                            .names = names,
                            .encoder = encoder,
                            .roll_bytes = roll_bytes});
    auto opened = maker->open({.unit = unit,
                               .mark = Mark("job/u/" + std::to_string(++epoch)),
                               .share = share,
                               .hashes = budget,
                               .hashes_annex = annex,
                               .meter = meter,
                               .workers = workers,
                               .inbox = inbox,
                               .tickets = TicketSeries(epoch),
                               .checkpoints = true,
                               .resume = std::move(from)});
    REQUIRE_MESSAGE(opened.ok(), opened.error().message);
    return std::move(*opened);
  }
  // From the checkpoint's page on, up to `end`: then it just stops, or ends well after the last.
  Ended run(std::optional<SinkCheckpoint> from, int end, uint64_t roll_bytes = 0) {
    Budget share(std::move(*budget.try_reserve(share_bytes)));
    int number = from ? static_cast<int>(from->point) : 0;
    const std::unique_ptr<Sink> opened = open(share, std::move(from), roll_bytes);
    Sink& sink = *opened;
    Ended ended;
    const auto look = [&] {
      if (auto made = sink.take_checkpoint()) {
        ++ended.checkpoints;
        ended.last = std::move(made);
      }
    };
    for (; number < end; ++number) {
      Batch batch = page(number);
      Sink::Cursor cursor;
      while (!*sink.write(batch, cursor)) {
        sink.on(*inbox.wait());
        look();
      }
      sink.mark_checkpoint(number + 1);
    }
    if (end == count) sink.finish();
    for (;;) {
      sink.start_what_fits();
      look();
      REQUIRE(sink.status().ok());
      if (sink.drained() && (end < count || sink.finished())) break;
      sink.on(*inbox.wait());
    }
    sink.stop();
    ended.records = sink.tally().records;
    ended.uploads = sink.take_filled();
    return ended;
  }
  bool is_refused(SinkCheckpoint from) {
    Budget share(std::move(*budget.try_reserve(share_bytes)));
    const auto opened = open(share, std::move(from), 0);
    const bool refused = opened->is_checkpoint_unknown() && !opened->status().ok();
    opened->stop();
    return refused;
  }
  std::string complete(const std::vector<Upload>& uploads) {
    std::string all;
    for (const Upload& one : uploads) {
      REQUIRE(call(*store, Complete{one.key, one.id, one.parts}).ok());
      const auto body = call_for<Body>(*store, Get{.key = one.key});
      CHECK(body->bytes.size() == one.content.bytes);
      all += one.key.str() + ":" + std::string(body->bytes.view());
    }
    return all;
  }

  bool two_places = false;
  uint64_t share_bytes = 24 << 20;
  PlainTestEncoder encoder;
  OutputNames names{
      {.partition = *Template::parse("p={.p}/", TemplateUse::partition), .extension = ".jsonl"}};
  std::unique_ptr<MemoryStore> store = make_memory_store();
  UnitNames unit{.id = "u"};
  Budget budget{1 << 30};
  Annex annex{Lease()};
  Inbox inbox;
  Meter meter;
  Workers workers{2};
  std::unique_ptr<SinkMaker> maker;
  uint32_t epoch = 0;
};

}  // namespace

TEST_CASE("a sink that goes on at a checkpoint makes the same object as one that never stopped") {
  Pages whole;
  const auto once = whole.run({}, Pages::count);
  const std::string wanted = whole.complete(once.uploads);
  CHECK(once.checkpoints >= 1);

  for (const int stop : {35, 70, 119}) {
    Pages pages;
    const auto first = pages.run({}, stop);
    REQUIRE(first.last);
    CHECK(first.last->point <= static_cast<uint64_t>(stop));
    CHECK(first.last->tally.records == 20 * first.last->point);
    const auto second = pages.run(first.last, Pages::count);
    CHECK(second.records == once.records);
    REQUIRE(second.uploads.size() == 1);
    CHECK(second.uploads[0].mark == Mark("job/u/1"));
    CHECK(second.uploads[0].content.crc32c == once.uploads[0].content.crc32c);
    CHECK(second.uploads[0].content.least == once.uploads[0].content.least);
    CHECK(second.uploads[0].content.greatest == once.uploads[0].content.greatest);
    CHECK(pages.complete(second.uploads) == wanted);
  }
}

TEST_CASE("objects rolled before a checkpoint are taken along, and roll at the same records") {
  Pages whole;
  const std::string wanted = whole.complete(whole.run({}, Pages::count, 12 << 20).uploads);
  Pages pages;
  const auto first = pages.run({}, 100, 12 << 20);
  REQUIRE(first.last);
  CHECK(first.last->uploads.size() >= 2);
  const auto second = pages.run(first.last, Pages::count, 12 << 20);
  CHECK(pages.complete(second.uploads) == wanted);
}

TEST_CASE("where several objects are open at once there is no checkpoint") {
  Pages pages;
  pages.two_places = true;
  const auto ended = pages.run({}, 50);
  CHECK((!ended.last || ended.last->point < 10));
}

TEST_CASE("a sink's state is a text that gives the same state back") {
  const SinkState state{.places = {{"", 1}, {"dt=2024 02/", 7}},
                        .open = Key("lake/a b/u-00006.jsonl"),
                        .writer = "1073741824 77 7 9 4 5,0,12"};
  const auto again = parse_sink_state(print(state));
  REQUIRE(again.ok());
  CHECK(print(*again) == print(state));
  CHECK(again->places[1].name == "dt=2024 02/");
  CHECK(again->writer == state.writer);
  for (const char* bad : {"", "sluice-sink 1\n", "sluice-sink 2\nopen 1 a 1 1 1 1 1 \n",
                          "sluice-sink 1\nopen 99 a 1 1 1 1 1 \n", "sluice-sink 1\nplace x y\n"}) {
    CHECK_FALSE(parse_sink_state(bad).ok());
  }
}

TEST_CASE("a checkpoint whose object can't be gone on with begins the unit anew") {
  Pages pages;
  const auto first = pages.run({}, 70);
  REQUIRE(first.last);
  const auto state = parse_sink_state(first.last->state);
  REQUIRE(state.ok());
  for (const char* writer :
       {"", "1 2 3", "x 77 7 9 4 5,0,12", "1 77 8 9 4 5,0,12", "1 77 7 9 4 5,,12"}) {
    SinkState other = *state;
    other.writer = writer;
    SinkCheckpoint damaged = *first.last;
    damaged.state = print(other);
    CHECK(pages.is_refused(std::move(damaged)));
  }
}

}  // namespace sluice
