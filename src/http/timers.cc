#include "http/timers.h"

#include <algorithm>

namespace sluice {
namespace {

// A heap's top is its largest.
bool is_later(const Timers::Timed& a, const Timers::Timed& b) {
  return a.when > b.when;
}

}  // namespace

void Timers::push(Timed timed) {
  heap_.push_back(std::move(timed));
  std::push_heap(heap_.begin(), heap_.end(), is_later);
}

std::optional<Pending> Timers::take_due(Instant at) {
  if (heap_.empty() || heap_.front().when > at) return std::nullopt;
  std::pop_heap(heap_.begin(), heap_.end(), is_later);
  Pending due = std::move(heap_.back().pending);
  heap_.pop_back();
  return due;
}

std::optional<Pending> Timers::take(ExchangeId id) {
  const auto found = std::find_if(heap_.begin(), heap_.end(),
                                  [&](const Timed& one) { return one.pending.id == id; });
  if (found == heap_.end()) return std::nullopt;
  Pending taken = std::move(found->pending);
  heap_.erase(found);
  std::make_heap(heap_.begin(), heap_.end(), is_later);
  return taken;
}

std::optional<Instant> Timers::next() const {
  if (heap_.empty()) return std::nullopt;
  return heap_.front().when;
}

}  // namespace sluice
