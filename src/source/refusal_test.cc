#include "source/refusal.h"

#include <doctest/doctest.h>

#include "http/date.h"
#include "http/retry.h"

namespace sluice {
namespace {

constexpr std::string_view noon = "Thu, 06 Nov 2025 12:00:00 GMT";

Refusal refusal(int status, Headers headers = {}, std::string_view body = {}) {
  HttpResponse response{.status = status, .headers = std::move(headers)};
  response.body = Buffer::of(body);
  return refusal_of(response, *parse_http_date(noon));
}

}  // namespace

TEST_CASE("a limit is one in whatever way it is told, and no denial") {
  const std::string github =
      R"({"message":"You have exceeded a secondary rate limit. Please wait a few minutes."})";
  const std::string abuse = R"({"message":"You have triggered an abuse detection mechanism."})";
  const std::string google = R"({"error":{"errors":[{"reason":"userRateLimitExceeded"}]}})";
  const std::string aws = R"({"__type":"ThrottlingException","message":"Rate exceeded"})";
  const Headers soon = {{"Retry-After", "30"}};
  const Headers used_up = {{"X-RateLimit-Remaining", "0"}, {"X-RateLimit-Reset", "60"}};
  for (const Refusal& one : {refusal(429), refusal(420), refusal(403, soon), refusal(403, used_up),
                             refusal(403, {}, github), refusal(403, {}, abuse),
                             refusal(403, {}, google), refusal(409, soon), refusal(400, {}, aws)}) {
    CHECK(one.kind == ErrorKind::throttled);
  }
  CHECK(refusal(409, soon).wait == 30_s);
  CHECK(refusal(403, used_up).wait == 60_s);
  CHECK(refusal(403, {}, github).wait == 10_s);
  CHECK_FALSE(refusal(429).wait);
}

TEST_CASE("what is no limit is denied, missing, wrong or may pass, as it was") {
  CHECK(refusal(403, {}, R"({"message":"Resource not accessible"})").kind == ErrorKind::denied);
  CHECK(refusal(403, {}, R"({"message":"see the docs on the rate limit"})").kind ==
        ErrorKind::denied);
  CHECK(refusal(401).kind == ErrorKind::denied);
  CHECK(refusal(404).kind == ErrorKind::not_found);
  CHECK(refusal(410).kind == ErrorKind::not_found);
  CHECK(refusal(400, {}, R"({"__type":"ValidationException"})").kind == ErrorKind::invalid);
  CHECK(refusal(409).kind == ErrorKind::invalid);
  for (const int status : {408, 425, 500, 503, 520})
    CHECK(refusal(status).kind == ErrorKind::transient);
  CHECK(refusal(503, {{"Retry-After", "7"}}).wait == 7_s);
}

TEST_CASE("a wait that is over, or was none, says nothing of when to come again") {
  CHECK_FALSE(refusal(429, {{"Retry-After", "0"}}).wait);
  CHECK_FALSE(refusal(429, {{"Retry-After", "Thu, 06 Nov 2025 11:59:59 GMT"}}).wait);
  CHECK_FALSE(
      refusal(429, {{"X-RateLimit-Remaining", "0"}, {"X-RateLimit-Reset", "1700000001"}}).wait);
  // The one that is still to come counts.
  CHECK(refusal(429,
                {{"Retry-After", "0"}, {"X-RateLimit-Remaining", "0"}, {"X-RateLimit-Reset", "9"}})
            .wait == 9_s);
  // No number is too large to be waited for without harm.
  const Headers far = {{"X-RateLimit-Remaining", "0"}, {"X-RateLimit-Reset", "99999999999"}};
  CHECK(refusal(429, far).wait > announced_wait_most);
}

}  // namespace sluice
