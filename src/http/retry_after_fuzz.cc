// Any Retry-After: no wait is read from it, or one that isn't negative.
#include <cstdint>
#include <cstdlib>
#include <string>

#include "http/retry_after.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string text(reinterpret_cast<const char*>(data), size);
  constexpr sluice::WallTime wall = {1'700'000'000'000'000'000};
  const auto wait = sluice::retry_after({{"Retry-After", text}}, wall);
  if (wait && *wait < 0) std::abort();
  return 0;
}
