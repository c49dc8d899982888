#include "job/at_once.h"

#include <doctest/doctest.h>

#include <atomic>
#include <vector>

#include "store/memory.h"
#include "store/slow.h"
#include "store/store.h"

namespace sluice {

TEST_CASE("a hundred waits take as long as one, and each is done once") {
  const auto memory = make_memory_store();
  const auto slow = make_slow_store(*memory, {.latency = 50_ms});
  std::vector<std::atomic<int>> times(300);
  const Instant started = now();
  at_once(times.size(), 100, [&](size_t i) {
    CHECK_FALSE(call(*slow, Head{Key("a")}).ok());
    ++times[i];
  });
  CHECK(now() - started < 5_s);  // One after another: 15 s
  CHECK(slow->open_max() > 10);
  for (const auto& one : times) CHECK(one == 1);
  at_once(0, 100, [](size_t) { FAIL("nothing to do"); });
}

}  // namespace sluice
