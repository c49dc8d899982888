#include "meter/meter.h"

#include <doctest/doctest.h>

namespace sluice {

TEST_CASE("percentiles are right to an eighth, and never above the longest") {
  Gauge gauge;
  for (int i = 1; i <= 1000; ++i) gauge.add(i * 1000, 10);
  const auto s = gauge.snapshot("x");
  CHECK(s.count == 1000);
  CHECK(s.bytes == 10'000);
  CHECK(s.longest == 1'000'000);
  CHECK(s.p50 >= 500'000);
  CHECK(s.p50 <= 570'000);
  CHECK(s.p99 >= 990'000);
  CHECK(s.p99 <= 1'000'000);
}

TEST_CASE("nothing measured is nothing, and a zero duration is counted") {
  Histogram histogram;
  CHECK(histogram.percentile(0.5) == 0);
  histogram.add(0);
  CHECK(histogram.percentile(0.5) > 0);
}

TEST_CASE("calls are told by side and verb, and only those that happened") {
  Meter meter;
  CHECK(meter.trace() == nullptr);
  meter.call(Side::lake, 3).add(1'000, 7, true);
  std::array<std::string_view, Meter::verbs> names{};
  names[3] = "put";
  const auto calls = meter.calls(names);
  REQUIRE(calls.size() == 1);
  CHECK(calls[0].name == "lake put");
  CHECK(calls[0].failed == 1);
  CHECK(meter.stages().empty());
}

}  // namespace sluice
