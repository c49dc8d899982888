#include "ledger/machine.h"

namespace sluice::ledger {

std::optional<uint32_t> Batch::start() {
  if (stopped_ || open_ >= in_flight_max_) return std::nullopt;
  while (first_ < items_.size() && items_[first_].state != State::waiting) ++first_;
  if (first_ == items_.size()) return std::nullopt;
  const uint32_t item = first_++;
  items_[item].state = State::open;
  ++open_;
  return item;
}

void Batch::repeat(uint32_t item) {
  wait_again(item, std::min<uint8_t>(items_[item].attempt + 1, attempts_max));
}

void Batch::follow(uint32_t item) {
  wait_again(item, 0);
}

void Batch::wait_again(uint32_t item, uint8_t attempt) {
  ENSURE(items_[item].state == State::open);
  items_[item] = {State::waiting, attempt};
  --open_;
  first_ = std::min(first_, item);
}

void Batch::finish(uint32_t item) {
  ENSURE(items_[item].state == State::open);
  items_[item] = {State::finished, 0};
  --open_;
  ++finished_;
}

}  // namespace sluice::ledger
