#include "record/high_water.h"

#include <algorithm>
#include <charconv>
#include <functional>

namespace sluice {
namespace {

// Of values that may be the least and the greatest there are.
uint64_t distance(int64_t greatest, int64_t value) {
  return static_cast<uint64_t>(greatest) - static_cast<uint64_t>(value);
}

void append_hex(uint64_t number, std::string& out) {
  char digits[16];
  out.append(digits, std::to_chars(digits, digits + sizeof digits, number, 16).ptr);
}

// A number at the front, up to `end`; both are taken away.
std::optional<uint64_t> take_hex(std::string_view& text, char end) {
  const size_t length = std::min(text.find(end), text.size());
  uint64_t number = 0;
  const auto [stop, error] = std::from_chars(text.data(), text.data() + length, number, 16);
  if (error != std::errc() || stop != text.data() + length) return std::nullopt;
  text.remove_prefix(std::min(length + 1, text.size()));
  return number;
}

}  // namespace

void HighWater::add(Mark mark, uint64_t lookback) {
  if (greatest_ && mark.value < *greatest_ && distance(*greatest_, mark.value) > lookback) return;
  if (!greatest_ || mark.value > *greatest_) greatest_ = mark.value;
  near_.push_back(mark);
  if (near_.size() < settle_at_) return;
  settle(lookback);
  settle_at_ = std::max(settle_at_, 2 * near_.size());
}

void HighWater::merge(const HighWater& other, uint64_t lookback) {
  for (const Mark& mark : other.near_) add(mark, lookback);
}

void HighWater::settle(uint64_t lookback) {
  std::erase_if(near_,
                [&](const Mark& mark) { return distance(*greatest_, mark.value) > lookback; });
  std::sort(near_.begin(), near_.end(), std::greater<>());
  near_.erase(std::unique(near_.begin(), near_.end()), near_.end());
}

std::string HighWater::print_near() const {
  std::string out;
  for (const Mark& mark : near_) {
    if (!out.empty()) out += ' ';
    append_hex(distance(*greatest_, mark.value), out);
    out += ':';
    append_hex(mark.record, out);
  }
  return out;
}

std::optional<HighWater> HighWater::parse(int64_t greatest, std::string_view near) {
  HighWater read;
  read.greatest_ = greatest;
  while (!near.empty()) {
    const auto below = take_hex(near, ':');
    const auto record = below ? take_hex(near, ' ') : std::nullopt;
    if (!record) return std::nullopt;
    read.near_.push_back({static_cast<int64_t>(static_cast<uint64_t>(greatest) - *below), *record});
  }
  read.settle(UINT64_MAX);
  return read;
}

}  // namespace sluice
