#include "job/lease_watch.h"

#include <algorithm>

namespace sluice {

void LeaseWatch::see(const ETag& etag, Instant at) {
  if (seen_ == etag) return;
  changed_ = seen_.has_value();
  seen_ = etag;
  since_ = at;
}

Nanoseconds LeaseWatch::pause() {
  const Nanoseconds pause = pause_;
  pause_ = std::min(2 * pause_, std::max<Nanoseconds>(lease_ / 20, 100_ms));
  return pause;
}

}  // namespace sluice
