// What benches and kill tests may do to a run, by environment variables that no help page shows:
//
//   SLUICE_TEST_SLOW_SOURCE_MS=52   latency in front of every call to the source's store
//   SLUICE_TEST_SLOW_LAKE_MS=52     the same for the lake's and the state's
//   SLUICE_TEST_DIE_AT=17           at the 17th call to the lake's and the state's stores,
//   SLUICE_TEST_DIE_HOW=before      ... the process dies before the call, `after` it, or its answer
//                                   is `lost`
//   SLUICE_TEST_SPAN_DOCUMENTS=3    a stream commits after so many documents,
//   SLUICE_TEST_UNTIL=5000          ... and ends at this position
#pragma once

#include <cstdint>
#include <optional>

#include "base/clock.h"
#include "base/environment.h"
#include "base/result.h"

namespace sluice {

struct TestAids {
  enum class Die : uint8_t { before, after, lost };
  Nanoseconds slow_source = 0, slow_lake = 0;
  std::optional<uint64_t> die_at = {};
  Die die_how = Die::before;
  std::optional<uint64_t> span_documents = {}, until = {};

  static Result<TestAids> from(const Environment& environment);
};

}  // namespace sluice
