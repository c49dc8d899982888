// What a source keeps for each of its documents: things numbered from 0 in the order in which they
// are added, and forgotten in that order, since documents are placed so. One thread's.
#pragma once

#include <cstdint>
#include <deque>
#include <utility>

#include "base/result.h"

namespace sluice {

template <class T>
class Numbered {
 public:
  // The thing stays where it is until it is forgotten: references to it stay good.
  T& add(T thing) { return things_.emplace_back(std::move(thing)); }
  // The number of the thing that is added next: so many have been added.
  uint64_t next() const { return first_ + things_.size(); }

  // How many are there, from first() to before next().
  size_t size() const { return things_.size(); }
  uint64_t first() const { return first_; }
  bool has(uint64_t number) const { return number >= first_ && number < next(); }
  // One that is there.
  const T& at(uint64_t number) const {
    ENSURE(has(number));
    return things_[number - first_];
  }
  T& at(uint64_t number) {
    ENSURE(has(number));
    return things_[number - first_];
  }
  T& last() { return at(next() - 1); }

  // That one and all before it.
  void forget(uint64_t number) {
    for (; first_ <= number && !things_.empty(); ++first_) things_.pop_front();
  }
  // The last was none: the next one gets its number.
  void take_back() { things_.pop_back(); }

 private:
  std::deque<T> things_;
  uint64_t first_ = 0;
};

}  // namespace sluice
