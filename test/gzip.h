// gzip as others write it: by zlib, for what tests give.
#pragma once

#include <zlib.h>

#include <string>
#include <string_view>

#include "base/result.h"

namespace sluice {

inline std::string gzip(std::string_view text, int level = 6) {
  constexpr int gzip_window_bits = 15 + 16, memory_level = 8;
  z_stream stream{};
  ENSURE(deflateInit2(&stream, level, Z_DEFLATED, gzip_window_bits, memory_level,
                      Z_DEFAULT_STRATEGY) == Z_OK);
  std::string out(deflateBound(&stream, text.size()) + 64, '\0');
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(text.data()));
  stream.avail_in = static_cast<uInt>(text.size());
  stream.next_out = reinterpret_cast<Bytef*>(out.data());
  stream.avail_out = static_cast<uInt>(out.size());
  ENSURE(deflate(&stream, Z_FINISH) == Z_STREAM_END);
  out.resize(stream.total_out);
  deflateEnd(&stream);
  return out;
}

}  // namespace sluice
