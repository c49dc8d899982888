// A manifest of any bytes is refused or has what reading the inventory needs.
#include <algorithm>

#include "source/inventory.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const auto manifest =
      sluice::parse_inventory_manifest({reinterpret_cast<const char*>(data), size});
  if (!manifest.ok()) {
    ENSURE(manifest.error().kind == sluice::ErrorKind::invalid);
    ENSURE(!manifest.error().message.empty());
    return 0;
  }
  for (const char* column : {"Key", "Size"})
    ENSURE(std::count(manifest->columns.begin(), manifest->columns.end(), column) == 1);
  for (const auto& file : manifest->files) ENSURE(!file.key.empty());
  return 0;
}
