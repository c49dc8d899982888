// The only door to time and to chance. Whoever needs either is handed a Clock or a Chance;
// elsewhere the system's clocks and random numbers are banned by name.
#pragma once

#include <cstdint>
#include <string>

namespace sluice {

using Nanoseconds = int64_t;
constexpr Nanoseconds operator""_ms(unsigned long long n) {
  return static_cast<int64_t>(n) * 1'000'000;
}
constexpr Nanoseconds operator""_s(unsigned long long n) {
  return static_cast<int64_t>(n) * 1'000'000'000;
}

// A point on the monotonic clock, in nanoseconds. Means nothing outside this process.
struct Instant {
  int64_t ns = 0;
  auto operator<=>(const Instant&) const = default;
};
inline Instant operator+(Instant a, Nanoseconds b) {
  return {a.ns + b};
}
inline Nanoseconds operator-(Instant a, Instant b) {
  return a.ns - b.ns;
}

// A point in the world's time: nanoseconds since 1970-01-01T00:00:00Z.
struct WallTime {
  int64_t ns = 0;
  auto operator<=>(const WallTime&) const = default;
};

Instant now();              // Monotonic. Safe on any thread.
Nanoseconds thread_cpu();   // CPU time this thread has used.
Nanoseconds process_cpu();  // CPU time all threads have used.

// What time it is in the world. Virtual, so that a test can say that it is last March.
class Clock {
 public:
  virtual ~Clock() = default;
  virtual WallTime wall() const;
};

// A clock that stands where it was put.
class StoppedClock : public Clock {
 public:
  explicit StoppedClock(WallTime at) : at_(at) {}
  WallTime wall() const override { return at_; }
  void set(WallTime at) { at_ = at; }

 private:
  WallTime at_;
};

// Random numbers: a small generator (SplitMix64), seeded by the system or, in tests, by hand. One
// thread at a time.
class Chance {
 public:
  Chance();  // Seeded by the system.
  explicit Chance(uint64_t seed) : state_(seed) {}
  uint64_t next();
  uint64_t below(uint64_t bound) { return next() % bound; }
  // A name nobody else has: 26 characters, Crockford's base 32, sorting by time (a ULID).
  std::string unique_id(WallTime at);

 private:
  uint64_t state_;
};

}  // namespace sluice
