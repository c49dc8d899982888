// Any text as near records: it is refused, or says the same when it is printed and read once more.
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <string_view>

#include "record/high_water.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  int64_t greatest = 0;
  if (size < sizeof greatest) return 0;
  std::memcpy(&greatest, data, sizeof greatest);
  const std::string_view text(reinterpret_cast<const char*>(data) + sizeof greatest,
                              size - sizeof greatest);
  const auto read = sluice::HighWater::parse(greatest, text);
  if (!read) return 0;
  const auto again = sluice::HighWater::parse(greatest, read->print_near());
  if (!again || again->near() != read->near() || again->beyond() != read->beyond()) std::abort();
  return 0;
}
