#include "job/at_once.h"

#include <algorithm>
#include <atomic>
#include <system_error>
#include <thread>
#include <vector>

namespace sluice {

void at_once(size_t count, size_t at_once_max, const std::function<void(size_t)>& work) {
  std::atomic<size_t> next = 0;
  const auto go_on = [&] {
    for (size_t i = next++; i < count; i = next++) work(i);
  };
  std::vector<std::thread> threads;
  const size_t more = std::min(count, at_once_max);
  for (size_t i = 1; i < more; ++i) {
    try {
      threads.emplace_back(go_on);
    } catch (const std::system_error&) {
      break;  // As many as there are
    }
  }
  go_on();
  for (std::thread& thread : threads) thread.join();
}

}  // namespace sluice
