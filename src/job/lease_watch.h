// Another run's claim, watched from outside: is its owner alive? Its renewals change the record;
// by how long that has stayed as it was, on our own monotonic clock, we judge. Clocks of two hosts
// are never compared. A wrong judgement costs work and no more: see docs/decisions/0010.
#pragma once

#include <optional>

#include "base/clock.h"
#include "base/names.h"

namespace sluice {

class LeaseWatch {
 public:
  explicit LeaseWatch(Nanoseconds lease) : lease_(lease) {}

  // The record, as it was seen just now.
  void see(const ETag& etag, Instant at);
  // It has been as it is for a whole lease: nobody renews it.
  bool is_stale(Instant at) const { return seen_ && at - since_ >= lease_; }
  // It has changed under our eyes: somebody lives.
  bool has_changed() const { return changed_; }
  // How long until the next look: soon at first, since most units are short.
  Nanoseconds pause();

 private:
  const Nanoseconds lease_;
  std::optional<ETag> seen_;
  Instant since_ = {};
  bool changed_ = false;
  Nanoseconds pause_ = 100_ms;
};

// An owner says so often that it is alive: two renewals may be lost or late.
inline Nanoseconds renewal_interval(Nanoseconds lease) {
  return lease / 3;
}

}  // namespace sluice
