#include "source/key_steps.h"

#include <algorithm>
#include <array>
#include <bitset>
#include <string_view>

namespace sluice {
namespace {

using Signs = std::bitset<128>;  // ASCII

// So many digits are counted with at most, of them these before the first that differs in the page:
// a count that is full there carries into them.
constexpr size_t digits_max = 12;
constexpr size_t digits_to_carry = 4;
constexpr uint64_t numbers_max = 1ULL << 60;
// A step is a bit less than the page: a part with one object more would take a second page.
constexpr double step_share = 0.9;

// Groups of signs of which all may come if one does.
constexpr std::array<std::string_view, 5> groups = {"0123456789", "ABCDEF", "GHIJKLMNOPQRSTUVWXYZ",
                                                    "abcdef", "ghijklmnopqrstuvwxyz"};

size_t common_bytes(std::string_view a, std::string_view b) {
  const size_t most = std::min(a.size(), b.size());
  return std::mismatch(a.begin(), a.begin() + most, b.begin()).first - a.begin();
}

// Ascending; with what else is in the groups of these. A slash is no sign, it ends a segment.
std::string with_groups(Signs signs) {
  for (const std::string_view group : groups) {
    const bool is_in = std::any_of(group.begin(), group.end(), [&](char sign) {
      return signs.test(static_cast<unsigned char>(sign));
    });
    for (const char sign : group) signs.set(static_cast<unsigned char>(sign), is_in);
  }
  std::string all;
  for (size_t sign = ' ' + 1; sign < 0x7F; ++sign) {
    if (signs.test(sign) && sign != '/') all += static_cast<char>(sign);
  }
  return all;
}

// What stands at one place of the keys.
struct Digit {
  size_t at = 0;
  std::string signs;  // Ascending

  uint64_t of(std::string_view key) const {
    // What is no sign counts as the next one; behind a key's end nothing is less than any.
    const char c = at < key.size() ? key[at] : '\0';
    const size_t digit = std::lower_bound(signs.begin(), signs.end(), c) - signs.begin();
    return std::min(digit, signs.size() - 1);
  }
};

class Counter {
 public:
  Counter(const std::vector<Listed>& page, size_t fixed)
      : first_(page.front().key.view()), last_(page.back().key.view()) {
    const size_t differs = common_bytes(first_, last_);
    if (differs < fixed || differs == last_.size()) return;
    choose_digits(page, fixed, differs);
    if (digits_.empty()) return;
    from_ = value_of(last_);
    const uint64_t before = value_of(first_);
    if (from_ <= before) return;
    step_ = std::max<uint64_t>(
        1, static_cast<uint64_t>(static_cast<double>(from_ - before) * step_share));
  }
  bool can_count() const { return step_ > 0; }
  // The next key, or "" where the digits are full.
  std::string next() {
    if (numbers_ - from_ <= step_) return {};
    from_ += step_;
    std::string key(last_.substr(0, digits_.back().at + 1));
    uint64_t rest = from_;
    for (auto digit = digits_.rbegin(); digit != digits_.rend(); ++digit) {
      key[digit->at] = digit->signs[rest % digit->signs.size()];
      rest /= digit->signs.size();
    }
    return key;
  }

 private:
  void choose_digits(const std::vector<Listed>& page, size_t fixed, size_t differs) {
    std::vector<Signs> seen(std::min(digits_max + digits_to_carry, last_.size() - differs));
    for (const Listed& object : page) {
      const std::string_view key = object.key.view();
      for (size_t i = 0; i < seen.size() && differs + i < key.size(); ++i) {
        const auto sign = static_cast<unsigned char>(key[differs + i]);
        if (sign < seen[i].size()) seen[i].set(sign);
      }
    }
    const std::string leading = with_groups(seen.front());
    std::vector<Digit> before;
    for (size_t at = differs; at > fixed && before.size() < digits_to_carry; --at) {
      const char c = last_[at - 1];
      Signs own;
      if (static_cast<unsigned char>(c) < own.size()) own.set(static_cast<unsigned char>(c));
      std::string signs = leading.find(c) != leading.npos ? leading : with_groups(own);
      if (signs.size() > 1) before.push_back({at - 1, std::move(signs)});
    }
    for (auto digit = before.rbegin(); digit != before.rend(); ++digit) add(std::move(*digit));
    const size_t carried = digits_.size();
    for (size_t i = 0; i < seen.size() && digits_.size() < digits_max; ++i) {
      if (seen[i].count() < 2) continue;
      std::string signs = with_groups(seen[i]);
      if (signs.size() > 1 && !add({differs + i, std::move(signs)})) break;
    }
    if (digits_.size() == carried) digits_.clear();
  }
  bool add(Digit digit) {
    if (numbers_ > numbers_max / digit.signs.size()) return false;
    numbers_ *= digit.signs.size();
    digits_.push_back(std::move(digit));
    return true;
  }
  uint64_t value_of(std::string_view key) const {
    uint64_t value = 0;
    for (const Digit& digit : digits_) value = value * digit.signs.size() + digit.of(key);
    return value;
  }

  const std::string_view first_, last_;  // Of the page, which outlives this
  std::vector<Digit> digits_;
  uint64_t numbers_ = 1;  // That can be written with them
  uint64_t from_ = 0, step_ = 0;
};

}  // namespace

std::vector<std::string> steps_behind(const std::vector<Listed>& page, size_t fixed,
                                      const std::string& end, size_t most) {
  std::vector<std::string> steps;
  steps.reserve(most);  // So that `before` stays good
  if (page.size() < 2) return steps;
  Counter counter(page, fixed);
  if (!counter.can_count()) return steps;
  std::string_view before = page.back().key.view();
  while (steps.size() < most) {
    std::string key = counter.next();
    const bool is_ascii = std::all_of(key.begin(), key.end(), [](char c) {
      return static_cast<unsigned char>(c) < 0x80;  // Else a sign might be cut in two
    });
    if (key.empty() || !is_ascii || key <= before || (!end.empty() && key >= end)) break;
    steps.push_back(std::move(key));
    before = steps.back();
  }
  return steps;
}

}  // namespace sluice
