#include "http/date.h"

#include <doctest/doctest.h>

#include "base/time.h"

namespace sluice {

TEST_CASE("an HTTP date, and what is none") {
  CHECK(parse_http_date("Thu, 08 Feb 2024 10:00:00 GMT") == *parse_time("2024-02-08T10:00:00Z"));
  CHECK_FALSE(parse_http_date("Thu, 08 Fub 2024 10:00:00 GMT"));
  CHECK_FALSE(parse_http_date("Thursday, 08-Feb-24 10:00:00 GMT"));
  CHECK_FALSE(parse_http_date(""));
}

}  // namespace sluice
