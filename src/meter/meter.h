// Counts and times: every request to a store and every stage of the walk, cheap and never sampled.
//
// A Meter is safe to use from any thread. It is read (snapshot) when things are quiet or for a
// progress line, where a moment's disagreement between two numbers does no harm.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "meter/trace.h"

namespace sluice {

// Durations by powers of two with 8 steps each: a percentile is right to 9 %.
class Histogram {
 public:
  void add(Nanoseconds value) { buckets_[bucket(value)].fetch_add(1, std::memory_order_relaxed); }
  // The value that `fraction` (0..1) of the entries don't exceed; 0 if there are none.
  Nanoseconds percentile(double fraction) const;

 private:
  static constexpr size_t steps = 8, octaves = 44;
  static size_t bucket(Nanoseconds value);
  static Nanoseconds upper(size_t bucket);
  std::array<std::atomic<uint32_t>, steps * octaves> buckets_{};
};

// One kind of call or one stage.
class Gauge {
 public:
  void add(Nanoseconds wall, uint64_t bytes, bool failed = false);
  void add_cpu(Nanoseconds cpu) { cpu_.fetch_add(cpu, std::memory_order_relaxed); }
  void add_wait(Nanoseconds wait) { wait_.fetch_add(wait, std::memory_order_relaxed); }

  struct Snapshot {
    std::string name;
    uint64_t count = 0, failed = 0, bytes = 0;
    Nanoseconds wall = 0, cpu = 0, wait = 0, p50 = 0, p99 = 0, longest = 0;
  };
  Snapshot snapshot(std::string name) const;

 private:
  std::atomic<uint64_t> count_{0}, failed_{0}, bytes_{0};
  std::atomic<Nanoseconds> wall_{0}, cpu_{0}, wait_{0}, longest_{0};
  Histogram histogram_;
};

enum class Stage : uint8_t { decode, refine, place, encode };
inline constexpr std::array<std::string_view, 4> stage_names = {"decode", "refine", "place",
                                                                "encode"};

enum class Side : uint8_t { source, lake, state };
inline constexpr std::array<std::string_view, 3> side_names = {"source", "lake", "state"};

class Meter {
 public:
  // `trace`: told of whatever is counted here, one by one. Null: nobody wants to know.
  explicit Meter(Trace* trace = nullptr) : trace_(trace) {}
  Trace* trace() const { return trace_; }

  // The ten verbs of store.h, in the order of its Request.
  static constexpr size_t verbs = 10;
  Gauge& call(Side side, size_t verb) { return calls_[static_cast<size_t>(side) * verbs + verb]; }
  Gauge& stage(Stage stage) { return stages_[static_cast<size_t>(stage)]; }

  // What was used, in a fixed order; `verb_names` in the order of store.h.
  std::vector<Gauge::Snapshot> calls(const std::array<std::string_view, verbs>& verb_names) const;
  std::vector<Gauge::Snapshot> stages() const;

 private:
  Trace* const trace_;
  std::array<Gauge, verbs * side_names.size()> calls_;
  std::array<Gauge, stage_names.size()> stages_;
};

}  // namespace sluice
