// What all requests share: the objects, the fault plan, the counters, and how fast S3 is to be.
#pragma once

#include <array>
#include <mutex>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "counters.h"
#include "faults.h"
#include "http_server/signature.h"
#include "objects.h"
#include "verbs.h"

namespace sluice::fake_s3 {

// First-byte latency: constant by verb, and for a share of the requests a longer one instead.
class Latency {
 public:
  // "52", "get=52,put=73.57": milliseconds.
  Status read(std::string_view text);
  // "1%:500": one percent of the requests take 500 ms.
  Status read_tail(std::string_view text);
  Nanoseconds next(Verb verb);

 private:
  struct Tail {
    double percent = 0;
    Nanoseconds latency = 0;
  };
  std::array<Nanoseconds, verb_count> latency_{};
  std::vector<Tail> tails_;
  Chance chance_{7};
};

// So many requests a second and no more, with a tenth of a second's worth in hand.
class RateCap {
 public:
  void set(uint64_t per_second);
  bool admits();

 private:
  double per_second_ = 0, in_hand_ = 0;
  Instant filled_;
};

struct World {
  // Constant once requests come.
  std::vector<Credential> credentials;
  bool checks_signatures = false;
  std::string region = "us-east-1";
  std::string domain;  // Of virtual-host names: bucket.domain; empty: path style alone
  std::string owner = "111122223333";  // What x-amz-expected-bucket-owner must be, if it comes
  ETagKind etag_kind = ETagKind::md5;

  std::mutex mutex;
  // Guarded by mutex.
  Buckets buckets;
  FaultPlan faults;
  Counters counters;
  Latency latency;
  RateCap reads, writes;
  std::set<std::string, std::less<>> expired_tokens;
  int64_t clock_offset_seconds = 0;
  uint64_t request_number = 0, upload_number = 0;

  int64_t now_seconds() const { return Clock().wall().ns / 1'000'000'000 + clock_offset_seconds; }
};

}  // namespace sluice::fake_s3
