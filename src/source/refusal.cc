#include "source/refusal.h"

#include <algorithm>
#include <array>
#include <string>

#include "aws/error.h"
#include "base/text.h"
#include "http/retry_after.h"
#include "source/request_rate.h"

namespace sluice {
namespace {

// GitHub's words for its secondary limits come without a number; its pages ask for a minute. The
// pauses between attempts, which double, begin here.
constexpr Nanoseconds secondary_pause = 10_s;

// "You have exceeded a secondary rate limit", "rateLimitExceeded", "abuse detection mechanism".
bool speaks_of_a_limit(std::string_view body) {
  const std::string text = lower_case(body);
  const auto says = [&](std::string_view words) { return text.find(words) != text.npos; };
  const bool names_one = says("rate limit") || says("ratelimit") || says("rate_limit");
  return (names_one && says("exceed")) || says("abuse detection mechanism");
}

bool is_passing(int status) {
  return status == 408 || status == 425 || status >= 500;
}

// What the headers say of a wait that isn't over yet: a time that has passed says nothing of when
// to come again.
std::optional<Nanoseconds> wait_asked_for(const Headers& headers, WallTime wall) {
  for (const auto& wait : {retry_after(headers, wall), until_reset(headers, wall)}) {
    if (wait && *wait > 0) return wait;
  }
  return std::nullopt;
}

bool is_limit(const HttpResponse& response, WallTime wall) {
  const int status = response.status;
  const Headers& headers = response.headers;
  const auto is_throttle_of_aws = [&] {
    return aws::classify(response, wall).error.kind == ErrorKind::throttled;
  };
  switch (status) {
    case 420:
    case 429:
      return true;
    case 409:
      return has_header(headers, "Retry-After");
    case 400:
      return is_throttle_of_aws();
    case 403:
      return has_header(headers, "Retry-After") || until_reset(headers, wall) ||
             speaks_of_a_limit(response.body.view()) || is_throttle_of_aws();
    default:
      return false;
  }
}

}  // namespace

Refusal refusal_of(const HttpResponse& response, WallTime wall) {
  Refusal refusal{.wait = wait_asked_for(response.headers, wall)};
  const int status = response.status;
  if (is_limit(response, wall)) {
    refusal.kind = ErrorKind::throttled;
    const bool is_in_words = status == 403 && !has_header(response.headers, "Retry-After") &&
                             speaks_of_a_limit(response.body.view());
    if (!refusal.wait && is_in_words) refusal.wait = secondary_pause;
  } else if (is_passing(status)) {
    refusal.kind = ErrorKind::transient;
  } else if (status == 401 || status == 403) {
    refusal.kind = ErrorKind::denied;
  } else if (status == 404 || status == 410) {
    refusal.kind = ErrorKind::not_found;
  }
  return refusal;
}

}  // namespace sluice
