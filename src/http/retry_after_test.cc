#include "http/retry_after.h"

#include <doctest/doctest.h>

#include "base/time.h"

namespace sluice {

TEST_CASE("Retry-After is seconds or a date") {
  const WallTime noon = *parse_time("2024-02-08T12:00:00Z");
  CHECK(retry_after({{"retry-after", "3600"}}, noon) == 3600_s);
  CHECK(retry_after({{"Retry-After", " 7 "}}, noon) == 7_s);
  CHECK(retry_after({{"Retry-After", "Thu, 08 Feb 2024 12:00:30 GMT"}}, noon) == 30_s);
  CHECK(retry_after({{"Retry-After", "Thu, 08 Feb 2024 11:00:00 GMT"}}, noon) == 0);
  CHECK(retry_after({{"Retry-After", "Mon, 01 Jan 0001 00:00:00 GMT"}}, noon) == 0);
  for (const char* none : {"soon", "", "-1", "1.5", "99999999999"})
    CHECK_FALSE(retry_after({{"Retry-After", none}}, noon));
  CHECK_FALSE(retry_after({}, noon));
}

}  // namespace sluice
