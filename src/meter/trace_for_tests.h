// A trace that remembers what it was told. Test code.
#pragma once

#include <algorithm>
#include <map>
#include <mutex>
#include <string>
#include <vector>

#include "meter/trace.h"

namespace sluice {

class RememberedTrace : public Trace {
 public:
  struct Told {
    Interval interval;  // Without its name: see `name`
    std::string name;
    std::string unit;  // "": the run's own
  };

  void own(uint32_t series, std::string_view unit) override {
    const std::lock_guard lock(mutex_);
    units_[series] = unit;
  }
  void add(const Interval& interval) override {
    const std::lock_guard lock(mutex_);
    const auto unit = units_.find(interval.series);
    all_.push_back({interval, std::string(interval.name),
                    unit == units_.end() ? std::string() : unit->second});
    all_.back().interval.name = {};
  }

  // In the order of their beginnings.
  std::vector<Told> of(Interval::Kind kind) const {
    const std::lock_guard lock(mutex_);
    std::vector<Told> some;
    for (const Told& one : all_) {
      if (one.interval.kind == kind) some.push_back(one);
    }
    std::ranges::stable_sort(some, {}, [](const Told& one) { return one.interval.begin; });
    return some;
  }

 private:
  mutable std::mutex mutex_;
  std::map<uint32_t, std::string> units_;
  std::vector<Told> all_;
};

}  // namespace sluice
