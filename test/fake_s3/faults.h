// The fault plan: which requests go wrong, and how.
//
//   verb=get|put_part,key=substring,every=3,times=10,do=503
//
// Conditions: verb (names of verbs.h with | between them, or any), key (a substring), bucket. Of
// the requests that fit: every=N (each Nth), nth=N (that one alone), after=N (all behind the Nth),
// percent=P (by a seeded generator; seed=S). times=T: at most so often. Actions: see Action.
// One thread at a time.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "http_server/fault_schedule.h"
#include "verbs.h"

namespace sluice::fake_s3 {

enum class Action : uint8_t {
  none,
  slow_down,        // 503: SlowDown as XML
  slow_down_empty,  // 503empty
  error,            // 500: InternalError as XML
  error_empty,      // 500empty
  error_html,       // 500html: as a proxy says it
  error_in_200,     // error200: <Error> inside a 200
  html,             // 200 with a page of HTML
  reset_before,     // A RST; nothing was done
  reset_after,      // Done, then a RST
  lost,             // Done, never answered
  slow,             // slow=BYTES_PER_S
  truncate,         // truncate=N: Content-Length says all, N bytes come, then the end
  close,            // Answered, then closed although the headers say keep-alive
  expired_token,    // 400 ExpiredToken
  skew,             // 403 RequestTimeTooSkewed
  redirect,         // 301 PermanentRedirect, with region and endpoint
  delay,            // delay=MS
  conflict,         // 409: ConditionalRequestConflict
  denied,           // 403: AccessDenied
  request_timeout,  // 400timeout: RequestTimeout
};

struct Fault {
  Action action = Action::none;
  uint64_t amount = 0;  // Of slow, truncate and delay
};

class FaultPlan {
 public:
  Status add(std::string_view spec);
  void clear() { rules_.clear(); }
  // The fault of this request: of the first rule that has one.
  Fault next(Verb verb, std::string_view bucket, std::string_view key);
  // [{"spec":..., "fitted":..., "done":...}]
  void append_json(std::string& out) const;

 private:
  struct Rule {
    std::string spec;
    uint32_t verbs = 0;  // Bits
    std::string key, bucket;
    Fault fault;
    http_server::FaultSchedule schedule;

    bool fits(Verb verb, std::string_view bucket_name, std::string_view key_name) const;
  };
  static Status read_word(std::string_view name, std::string_view value, Rule& rule);
  std::vector<Rule> rules_;
};

}  // namespace sluice::fake_s3
