#include "source/replay.h"

#include <algorithm>
#include <deque>

#include "base/time.h"
#include "flow/settings.h"
#include "source/numbered.h"

namespace sluice {
namespace {

constexpr WallTime first_time = {1'704'067'200'000'000'000};  // 2024-01-01T00:00:00Z
constexpr uint64_t frame_bytes_max = 160;                     // Of a message, without its payload
constexpr size_t ready_max = 8;                               // Documents made ahead

uint64_t message_bytes_max(const ReplayOptions& options) {
  return frame_bytes_max + options.payload_bytes;
}

class Replay : public Source {
 public:
  Replay(const ReplayOptions& options, const SourceContext& context)
      : options_(options),
        inbox_(context.inbox),
        tickets_(context.tickets),
        limit_(context.limit),
        end_(std::min(options.end, context.until.value_or(UINT64_MAX))),
        begin_(context.position),
        position_(context.position),
        started_(now()) {}

  void start_what_fits(Purse& purse) override {
    while (!stopped_ && !ended() && ready_.size() < ready_max) {
      const uint64_t end =
          std::min(end_, position_ - position_ % options_.messages + options_.messages);
      if (!is_due(end)) return;
      auto lease =
          purse.reserve(documents_.next(), (end - position_) * message_bytes_max(options_));
      if (!lease) return;
      make(end, std::move(*lease));
    }
  }
  void on(Event&) override { timer_open_ = false; }
  std::optional<Arrived> take() override {
    if (ready_.empty()) return std::nullopt;
    Arrived arrived = std::move(ready_.front());
    ready_.pop_front();
    return arrived;
  }
  const Document& document(uint64_t number) const override { return documents_.at(number); }
  void forget(uint64_t number) override { documents_.forget(number); }
  std::optional<uint64_t> documents() const override {
    if (ended()) return documents_.next();
    return std::nullopt;
  }
  Status status() const override { return {}; }
  void stop() override { stopped_ = true; }
  bool drained() const override { return !timer_open_; }

 private:
  bool ended() const { return position_ >= end_ || documents_.next() == limit_; }

  // Have the messages before `end` been "sent" by now? If not, wakes us when they have.
  bool is_due(uint64_t end) {
    if (options_.rate == 0) return true;
    const double seconds = static_cast<double>(end - begin_) / static_cast<double>(options_.rate);
    const Instant due = started_ + static_cast<Nanoseconds>(seconds * 1e9);
    if (due <= now()) return true;
    if (!timer_open_) inbox_.post_at(due, std::make_unique<Event>(tickets_.next()));
    timer_open_ = true;
    return false;
  }

  void make(uint64_t end, Lease lease) {
    std::string text;
    for (uint64_t offset = position_; offset < end; ++offset) {
      append_replay_message(options_, offset, text);
    }
    lease.shrink(text.size());
    Document document{.number = documents_.next(), .bytes = text.size(), .end = end};
    document.key = Key(std::to_string(position_) + "-" + std::to_string(end));
    document.name = "replay:" + document.key.str();
    document.etag = ETag("seed-" + std::to_string(options_.seed));
    ready_.push_back(
        {.document = document.number,
         .chunk = {.bytes = Buffer::of(text), .lease = std::move(lease), .last = true}});
    documents_.add(std::move(document));
    position_ = end;
  }

  const ReplayOptions options_;
  Inbox& inbox_;
  TicketSeries tickets_;
  const uint64_t limit_, end_, begin_;
  uint64_t position_;
  const Instant started_;
  Numbered<Document> documents_;
  std::deque<Arrived> ready_;
  bool timer_open_ = false;
  bool stopped_ = false;
};

class ReplayMaker : public SourceMaker {
 public:
  explicit ReplayMaker(ReplayOptions options)
      : SourceMaker({.extent = SourceTraits::Extent::endless}), options_(options) {}
  Result<std::unique_ptr<Source>> open(SourceContext context) const override {
    return std::unique_ptr<Source>(std::make_unique<Replay>(options_, context));
  }

 private:
  const ReplayOptions options_;
};

}  // namespace

void append_replay_message(const ReplayOptions& options, uint64_t offset, std::string& out) {
  Chance chance(options.seed ^ (offset * 0x9e37'79b9'7f4a'7c15ULL));
  const WallTime time = {first_time.ns + static_cast<int64_t>(offset) * options.spacing};
  out += R"({"offset":)" + std::to_string(offset);
  out += R"(,"time":")" + format_rfc3339(time);
  out += R"(","key":"k)" + std::to_string(chance.below(options.keys));
  out += R"(","payload":")";
  uint64_t bits = 0;
  for (uint64_t i = 0; i < options.payload_bytes; ++i) {
    if (i % 16 == 0) bits = chance.next();
    out += "0123456789abcdef"[bits & 15];
    bits >>= 4;
  }
  out += "\"}\n";
}

const PartDoc& replay_doc() {
  static const PartDoc doc = {
      .name = "replay",
      .role = Role::source,
      .summary =
          "For tests: an endless stream of made-up messages, the same at every replay. "
          "Offset i is a JSON line with offset, time, key and payload.",
      .fields = {{.name = "messages",
                  .type = FieldType::count,
                  .help = "How many are one document.",
                  .default_text = "500"},
                 {.name = "seed",
                  .type = FieldType::count,
                  .help = "Another seed, other keys and payloads.",
                  .default_text = "1"},
                 {.name = "keys",
                  .type = FieldType::count,
                  .help = "How many different keys there are.",
                  .default_text = "16"},
                 {.name = "payload",
                  .type = FieldType::bytes,
                  .help = "The payload's size.",
                  .default_text = "64"},
                 {.name = "spacing",
                  .type = FieldType::duration,
                  .help = "From one message's time to the next, beginning with 2024.",
                  .default_text = "1s"},
                 {.name = "rate",
                  .type = FieldType::count,
                  .help = "Messages a second; 0 is as fast as they are taken.",
                  .default_text = "0",
                  .says = Says::how},
                 {.name = "end",
                  .type = FieldType::count,
                  .help = "The offset behind the last message; without it there is none."}},
      .example =
          "source:\n"
          "  replay: { messages: 500, rate: 10000 }\n"};
  return doc;
}

Result<std::unique_ptr<SourceMaker>> make_replay(const Settings& settings) {
  ReplayOptions options{.messages = settings.count("messages"),
                        .seed = settings.count("seed"),
                        .keys = settings.count("keys"),
                        .payload_bytes = settings.bytes("payload"),
                        .spacing = settings.duration("spacing"),
                        .rate = settings.count("rate")};
  if (settings.has("end")) options.end = settings.count("end");
  if (options.messages == 0) return settings.error_at("messages", "at least 1 was expected");
  if (options.keys == 0) return settings.error_at("keys", "at least 1 was expected");
  if (options.payload_bytes > chunk_bytes_max ||
      options.messages > chunk_bytes_max / message_bytes_max(options)) {
    return settings.error_at("messages", "a document's messages must fit into 1 MiB, " +
                                             std::to_string(message_bytes_max(options)) +
                                             " bytes each");
  }
  return make_replay_source_maker(options);
}

std::unique_ptr<SourceMaker> make_replay_source_maker(ReplayOptions options) {
  return std::make_unique<ReplayMaker>(options);
}

}  // namespace sluice
