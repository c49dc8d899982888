#include "app/check_object.h"

#include <algorithm>
#include <deque>
#include <map>
#include <vector>

#include "base/checksum.h"
#include "codec/inflate.h"

namespace sluice {
namespace {

constexpr uint64_t range_bytes = 1 << 20;
constexpr size_t ranges_in_flight = 4;
constexpr size_t text_bytes = 64 << 10;

// The object's ranges, a few read ahead, in order.
class Ranges {
 public:
  Ranges(Store& store, const Key& key, const ETag& etag, uint64_t bytes)
      : store_(store), key_(key), etag_(etag), bytes_(bytes) {}
  ~Ranges() {
    while (open_ > 0) wait();
  }
  Ranges(const Ranges&) = delete;
  Ranges& operator=(const Ranges&) = delete;

  bool ended() const { return taken_ >= bytes_; }
  Result<Buffer> next() {
    while (asked_ < bytes_ && open_ + here_.size() < ranges_in_flight) ask();
    while (!here_.contains(taken_)) wait();
    Result<Answer> answer = std::move(here_.extract(taken_).mapped());
    if (!answer.ok()) return std::move(answer).error();
    Buffer body = std::move(std::get<Body>(*answer).bytes);
    if (body.empty()) return Error{ErrorKind::corrupt, "it is shorter than its listing said"};
    taken_ += body.size();
    return body;
  }

 private:
  void ask() {
    const Ticket ticket = tickets_.next();
    offsets_[ticket] = asked_;
    const uint64_t bytes = std::min(range_bytes, bytes_ - asked_);
    store_.start(Get{.key = key_, .range = Range{asked_, bytes}, .if_match = etag_}, {}, ticket,
                 inbox_);
    asked_ += bytes;
    ++open_;
  }
  void wait() {
    const auto event = inbox_.wait();
    here_.emplace(offsets_[event->ticket], std::move(static_cast<Answered&>(*event).answer));
    --open_;
  }

  Store& store_;
  const Key& key_;
  const ETag& etag_;
  const uint64_t bytes_;
  uint64_t asked_ = 0, taken_ = 0;
  size_t open_ = 0;
  Inbox inbox_;
  TicketSeries tickets_{1};
  std::map<Ticket, uint64_t> offsets_;
  std::map<uint64_t, Result<Answer>> here_;
};

}  // namespace

Result<ObjectFigures> read_again(Store& store, const Key& key, const ETag& etag, uint64_t bytes) {
  ObjectFigures figures;
  Ranges ranges(store, key, etag, bytes);
  Inflater inflater;
  std::vector<char> text(text_bytes);
  char last_byte = '\n';
  while (!ranges.ended()) {
    const Buffer range = TRY(ranges.next());
    figures.bytes += range.size();
    figures.crc32c = crc32c(range.view(), figures.crc32c);
    std::string_view in = range.view();
    for (;;) {
      const size_t got = TRY(inflater.step(in, ranges.ended(), text.data(), text.size()));
      if (got == 0) break;
      figures.records += static_cast<uint64_t>(
          std::count(text.begin(), text.begin() + static_cast<std::ptrdiff_t>(got), '\n'));
      last_byte = text[got - 1];
    }
  }
  if (inflater.rest_lost()) return Error{ErrorKind::corrupt, *inflater.rest_lost()};
  if (last_byte != '\n') ++figures.records;
  return figures;
}

}  // namespace sluice
