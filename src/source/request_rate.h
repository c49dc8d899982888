// How fast an API may be asked, and with which of several identities: the job's own limit, what the
// server says of its budget (X-RateLimit-*, RateLimit-*), and what it asks for when it refuses
// (http/retry_after.h), kept in full. Shared by all units of a job; safe from any thread.
#pragma once

#include <mutex>
#include <optional>
#include <vector>

#include "base/clock.h"
#include "http/http.h"

namespace sluice {

class RequestRate {
 public:
  // `per_second`: of each identity; 0: no limit of our own.
  RequestRate(double per_second, size_t identities);

  struct Slot {
    size_t identity = 0;
    Instant when;
  };
  // When the next request may go out, and as whom: the identity that is free first. Each slot is
  // given once.
  Slot next_slot(Instant at);
  // Reads what an answer says of the identity's budget; how long that is used up, if it is. A
  // budget of months is none: whether it is meant, the next answer says.
  std::optional<Nanoseconds> answered(size_t identity, const Headers& headers, Instant at,
                                      WallTime wall);
  // Nobody asks with this identity before `until`.
  void hold(size_t identity, Instant until);
  // Whether a wait until then is to be told: once for all that wait for the same.
  bool is_news(Instant until);

 private:
  struct Identity {
    Instant next = {};
    Instant held_until = {};
  };
  const Nanoseconds between_;
  std::mutex mutex_;
  // Guarded by mutex_.
  std::vector<Identity> identities_;
  Instant told_until_ = {};
};

// Until the budget that the headers show as used up is renewed; nothing if there is some left.
std::optional<Nanoseconds> until_reset(const Headers& headers, WallTime wall);

}  // namespace sluice
