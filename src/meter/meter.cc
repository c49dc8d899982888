#include "meter/meter.h"

#include <algorithm>
#include <bit>

namespace sluice {

size_t Histogram::bucket(Nanoseconds value) {
  const auto v = static_cast<uint64_t>(std::max<Nanoseconds>(value, 1));
  const int octave = std::bit_width(v) - 1;
  const size_t step = octave >= 3 ? (v >> (octave - 3)) & 7 : (v << (3 - octave)) & 7;
  return std::min(octave * steps + step, steps * octaves - 1);
}

Nanoseconds Histogram::upper(size_t bucket) {
  const double base = static_cast<double>(1ULL << (bucket / steps));
  return static_cast<Nanoseconds>(base * (1.0 + static_cast<double>(bucket % steps + 1) / steps));
}

Nanoseconds Histogram::percentile(double fraction) const {
  uint64_t total = 0;
  for (const auto& entry : buckets_) total += entry.load(std::memory_order_relaxed);
  const auto wanted = static_cast<uint64_t>(static_cast<double>(total) * fraction);
  uint64_t seen = 0;
  for (size_t i = 0; i < buckets_.size(); ++i) {
    seen += buckets_[i].load(std::memory_order_relaxed);
    if (seen > wanted || (seen == total && total > 0)) return upper(i);
  }
  return 0;
}

void Gauge::add(Nanoseconds wall, uint64_t bytes, bool failed) {
  count_.fetch_add(1, std::memory_order_relaxed);
  if (failed) failed_.fetch_add(1, std::memory_order_relaxed);
  bytes_.fetch_add(bytes, std::memory_order_relaxed);
  wall_.fetch_add(wall, std::memory_order_relaxed);
  Nanoseconds longest = longest_.load(std::memory_order_relaxed);
  while (longest < wall && !longest_.compare_exchange_weak(longest, wall)) {
  }
  histogram_.add(wall);
}

Gauge::Snapshot Gauge::snapshot(std::string name) const {
  Snapshot s{.name = std::move(name)};
  s.count = count_.load();
  s.failed = failed_.load();
  s.bytes = bytes_.load();
  s.wall = wall_.load();
  s.cpu = cpu_.load();
  s.wait = wait_.load();
  s.longest = longest_.load();
  s.p50 = std::min(histogram_.percentile(0.5), s.longest);
  s.p99 = std::min(histogram_.percentile(0.99), s.longest);
  return s;
}

std::vector<Gauge::Snapshot> Meter::calls(
    const std::array<std::string_view, verbs>& verb_names) const {
  std::vector<Gauge::Snapshot> all;
  for (size_t side = 0; side < side_names.size(); ++side) {
    for (size_t verb = 0; verb < verbs; ++verb) {
      auto s = calls_[side * verbs + verb].snapshot(std::string(side_names[side]) + " " +
                                                    std::string(verb_names[verb]));
      if (s.count > 0) all.push_back(std::move(s));
    }
  }
  return all;
}

std::vector<Gauge::Snapshot> Meter::stages() const {
  std::vector<Gauge::Snapshot> all;
  for (size_t i = 0; i < stages_.size(); ++i) {
    auto s = stages_[i].snapshot(std::string(stage_names[i]));
    if (s.count > 0) all.push_back(std::move(s));
  }
  return all;
}

}  // namespace sluice
