#include "app/read_documents.h"

#include <algorithm>
#include <map>

#include "base/budget.h"
#include "base/inbox.h"

namespace sluice {
namespace {

constexpr uint64_t memory_bytes = 128 << 20;
constexpr uint32_t in_flight_max = 16;

class Reader {
 public:
  Reader(const UnitNames& unit, uint64_t documents_max)
      : unit_(unit),
        documents_max_(documents_max),
        purse_(budget_, in_flight_, *budget_.try_reserve(memory_bytes / 4),
               *budget_.try_reserve(memory_bytes / 4)) {}

  Result<std::vector<DocumentHead>> read(const SourceMaker& maker) {
    source_ = TRY(maker.open({.unit = unit_,
                              .in_flight = in_flight_,
                              .common = budget_,
                              .inbox = inbox_,
                              .tickets = TicketSeries(1),
                              .limit = documents_max_}));
    while (!enough()) {
      source_->start_what_fits(purse_);
      if (!take() && !enough()) source_->on(*inbox_.wait());
    }
    Status status = source_->status();
    source_->stop();
    while (!source_->drained()) source_->on(*inbox_.wait());
    while (source_->take()) {
    }
    source_.reset();
    TRY(std::move(status));
    std::vector<DocumentHead> out;
    out.reserve(heads_.size());
    for (auto& [number, head] : heads_) out.push_back(std::move(head));
    return out;
  }

 private:
  bool enough() const {
    if (!source_->status().ok()) return true;
    const uint64_t wanted = std::min(documents_max_, source_->documents().value_or(documents_max_));
    return heads_.size() >= wanted;
  }

  // All that has arrived. False: nothing had.
  bool take() {
    bool any = false;
    while (auto arrived = source_->take()) {
      any = true;
      const auto [at, is_first] = heads_.try_emplace(arrived->document);
      if (!is_first) continue;  // Its head is enough.
      DocumentHead& head = at->second;
      head.document = source_->document(arrived->document);
      head.bytes = arrived->chunk.bytes.view();
      head.whole = arrived->chunk.last;
      if (arrived->bad) head.bad = arrived->bad->message;
      while (heads_.contains(purse_.turn())) purse_.set_turn(purse_.turn() + 1);
    }
    return any;
  }

  const UnitNames& unit_;
  const uint64_t documents_max_;
  Budget budget_{memory_bytes};
  InFlight in_flight_{in_flight_max};
  Purse purse_;
  Inbox inbox_;
  std::unique_ptr<Source> source_;
  std::map<uint64_t, DocumentHead> heads_;
};

}  // namespace

Result<std::vector<DocumentHead>> read_documents(const SourceMaker& maker, const UnitNames& unit,
                                                 uint64_t documents_max) {
  // Where a page shows the way to the next one, somebody would have to decode it.
  if (maker.traits().envelope) documents_max = std::min<uint64_t>(documents_max, 1);
  return Reader(unit, documents_max).read(maker);
}

}  // namespace sluice
