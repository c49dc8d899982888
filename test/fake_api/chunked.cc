#include "chunked.h"

#include <algorithm>
#include <cstdio>

namespace sluice::fake_api {

std::string chunked(std::string_view text) {
  constexpr size_t chunk_bytes = 8'191;
  std::string out;
  while (!text.empty()) {
    const std::string_view chunk = text.substr(0, chunk_bytes);
    char size[20];
    std::snprintf(size, sizeof size, "%zx\r\n", chunk.size());
    out += size;
    out += chunk;
    out += "\r\n";
    text.remove_prefix(chunk.size());
  }
  return out += "0\r\n\r\n";
}

}  // namespace sluice::fake_api
