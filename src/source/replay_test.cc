#include "source/replay.h"

#include <doctest/doctest.h>

#include "flow/settings.h"

namespace sluice {
namespace {

struct Played {
  std::string text;
  std::vector<Document> documents;
};

Played play(const ReplayOptions& options, uint64_t position, std::optional<uint64_t> until,
            uint64_t limit = UINT64_MAX) {
  const auto maker = make_replay_source_maker(options);
  CHECK(maker->traits().is_endless());
  const UnitNames unit;
  InFlight in_flight(1);
  Budget common(400 << 10);
  Purse purse(common, in_flight, Lease(), Lease());
  Inbox inbox;
  SourceContext context{unit, in_flight, common, inbox, TicketSeries(1)};
  context.limit = limit;
  context.position = position;
  context.until = until;
  auto source = maker->open(context);
  REQUIRE(source.ok());
  Played played;
  for (;;) {
    (*source)->start_what_fits(purse);
    bool moved = false;
    while (auto arrived = (*source)->take()) {
      moved = true;
      played.documents.push_back((*source)->document(arrived->document));
      CHECK(played.documents.back().number == arrived->document);
      CHECK(arrived->chunk.last);
      played.text += arrived->chunk.bytes.view();
      (*source)->forget(arrived->document);
    }
    if ((*source)->documents() == played.documents.size()) break;
    if (!moved) (*source)->on(*inbox.wait());
  }
  CHECK((*source)->drained());
  return played;
}

std::string messages(const ReplayOptions& options, uint64_t begin, uint64_t end) {
  std::string text;
  for (uint64_t i = begin; i < end; ++i) append_replay_message(options, i, text);
  return text;
}

TEST_CASE("a replay is a pure function of seed and offset, from any position") {
  const ReplayOptions options{.messages = 500, .seed = 3};
  const Played all = play(options, 0, 5200);
  CHECK(all.text == messages(options, 0, 5200));
  CHECK(all.documents.size() == 11);
  const Played rest = play(options, 700, 5200);
  CHECK(rest.text == messages(options, 700, 5200));
  CHECK(rest.documents[0].end == 1000);
  CHECK(rest.documents[0].name == "replay:700-1000");
  CHECK(rest.documents.back().end == 5200);
  CHECK(all.text != messages({.seed = 4}, 0, 5200));
}

TEST_CASE("a message says its offset and its time") {
  CHECK(messages({.payload_bytes = 0}, 86'401, 86'402)
            .starts_with(R"({"offset":86401,"time":"2024-01-02T00:00:01Z","key":"k)"));
}

TEST_CASE("a replay ends at its end, and not otherwise") {
  CHECK(play({.messages = 10, .end = 25}, 0, std::nullopt).documents.size() == 3);
  CHECK(play({.messages = 10, .end = 25}, 25, std::nullopt).documents.empty());
  CHECK(play({.messages = 10}, 0, std::nullopt, 4).documents.size() == 4);
}

TEST_CASE("a rate holds messages back") {
  const Instant begin = now();
  play({.messages = 10, .rate = 1000}, 0, 50);
  CHECK(now() - begin >= 50_ms);
}

TEST_CASE("a replay's settings are checked") {
  const auto make = [](std::vector<Node::Entry> words) {
    const auto settings = check_settings(replay_doc(), Node::of_map(std::move(words)), {});
    REQUIRE(settings.ok());
    return make_replay(*settings).ok();
  };
  CHECK(make({}));
  CHECK(make({{"rate", Node::of("10")}, {"end", Node::of("7")}}));
  CHECK_FALSE(make({{"messages", Node::of("0")}}));
  CHECK_FALSE(make({{"messages", Node::of("100000")}}));
}

}  // namespace
}  // namespace sluice
