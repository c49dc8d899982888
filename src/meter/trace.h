// What a run did when: each request, each piece of work and each phase of a unit, as an interval.
// Where a Meter adds up, a trace shows what waited for what.
//
// Whoever has an interval hands it to the trace that its Meter names, if it names one: without one
// that is the look at a pointer. No key, no URL and nothing of a record is in an interval.
#pragma once

#include <cstdint>
#include <string_view>

#include "base/clock.h"

namespace sluice {

struct Interval {
  enum class Kind : uint8_t {
    phase,    // Of a unit: claimed, filled and so on, one after the other
    request,  // From its start to its answer, whatever had to be repeated in between
    work,     // While a thread was at it
  };
  Kind kind = Kind::phase;
  std::string_view name;  // "filling", "lake put_part", "decode"
  uint32_t series = 0;    // Of the tickets of whose it was; see Trace::own
  Instant begin, end;
  Nanoseconds waited = 0;  // Before that: work, till a worker was free
  uint64_t bytes = 0;
  uint32_t attempts = 1;  // Of a request
  bool failed = false;    // As a Gauge counts it
};

// May be told from any thread, by several at once. Outlives whatever has its Meter.
class Trace {
 public:
  virtual ~Trace() = default;
  // Before the first interval of this series: they are this unit's. Series are never given twice;
  // what nobody owns is the run's own.
  virtual void own(uint32_t series, std::string_view unit) = 0;
  // Once it is over. Requests are told before their answers are delivered: when a run has ended,
  // so have its intervals. What the name points to lives as long as this call.
  virtual void add(const Interval& interval) = 0;
};

}  // namespace sluice
