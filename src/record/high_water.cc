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

void sort_out(std::vector<HighWater::Mark>& marks) {
  std::sort(marks.begin(), marks.end(), std::greater<>());
  marks.erase(std::unique(marks.begin(), marks.end()), marks.end());
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
  beyond_.insert(beyond_.end(), other.beyond_.begin(), other.beyond_.end());
}

void HighWater::settle(uint64_t lookback) {
  // What lay beyond has been caught up with.
  std::erase_if(beyond_, [&](const Mark& mark) {
    if (!greatest_ || mark.value > *greatest_) return false;
    near_.push_back(mark);
    return true;
  });
  sort_out(beyond_);
  std::erase_if(near_,
                [&](const Mark& mark) { return distance(*greatest_, mark.value) > lookback; });
  sort_out(near_);
}

bool HighWater::had(Mark mark) const {
  return std::binary_search(near_.begin(), near_.end(), mark, std::greater<>()) ||
         std::binary_search(beyond_.begin(), beyond_.end(), mark, std::greater<>());
}

std::string HighWater::print_near() const {
  std::string out;
  for (const Mark& mark : near_) {
    if (!out.empty()) out += ' ';
    append_hex(distance(*greatest_, mark.value), out);
    out += ':';
    append_hex(mark.record, out);
  }
  for (const Mark& mark : beyond_) {
    out += out.empty() ? "+" : " +";
    append_hex(distance(mark.value, *greatest_), out);
    out += ':';
    append_hex(mark.record, out);
  }
  return out;
}

std::optional<HighWater> HighWater::parse(int64_t greatest, std::string_view near) {
  HighWater read;
  read.greatest_ = greatest;
  while (!near.empty()) {
    const bool is_beyond = near.starts_with('+');
    if (is_beyond) near.remove_prefix(1);
    const auto away = take_hex(near, ':');
    const auto record = away ? take_hex(near, ' ') : std::nullopt;
    if (!record) return std::nullopt;
    const uint64_t from = static_cast<uint64_t>(greatest);
    if (is_beyond) {
      read.beyond_.push_back({static_cast<int64_t>(from + *away), *record});
    } else {
      read.near_.push_back({static_cast<int64_t>(from - *away), *record});
    }
  }
  read.settle(UINT64_MAX);
  return read;
}

}  // namespace sluice
