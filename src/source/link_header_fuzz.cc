// Any bytes are a Link header: it is read to its end, and what was read is in it.
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "base/result.h"
#include "source/link_header.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  for (const sluice::Link& link : sluice::parse_links(text)) {
    ENSURE(text.find(link.url) != std::string_view::npos);
    for (const std::string& rel : link.rels) ENSURE(!rel.empty() && rel.size() <= text.size());
  }
  return 0;
}
