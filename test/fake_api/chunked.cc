#include "compress.h"

#include <zlib.h>

#include <algorithm>
#include <cstdio>

namespace sluice::fake_api {

std::string gzip(std::string_view text) {
  constexpr int gzip_window_bits = 15 + 16, level = 1, memory_level = 8;
  z_stream stream{};
  deflateInit2(&stream, level, Z_DEFLATED, gzip_window_bits, memory_level, Z_DEFAULT_STRATEGY);
  std::string out(deflateBound(&stream, text.size()), '\0');
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(text.data()));
  stream.avail_in = static_cast<uInt>(text.size());
  stream.next_out = reinterpret_cast<Bytef*>(out.data());
  stream.avail_out = static_cast<uInt>(out.size());
  deflate(&stream, Z_FINISH);
  out.resize(stream.total_out);
  deflateEnd(&stream);
  return out;
}

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
