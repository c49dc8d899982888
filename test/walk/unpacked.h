// What a lake's object holds, by readers that share no line with Sluice's own: zlib's and
// libzstd's. As strict as the strictest reader: one member or frame, its sums right, not a byte
// behind it.
#pragma once

#include <zlib.h>
#include <zstd.h>

#include <string>
#include <string_view>

#include "base/result.h"

namespace sluice {

inline Result<std::string> ungzipped(std::string_view object) {
  z_stream stream{};
  ENSURE(inflateInit2(&stream, 15 + 16) == Z_OK);
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(object.data()));
  stream.avail_in = static_cast<uInt>(object.size());
  std::string text, window(256 << 10, '\0');
  int answer = Z_OK;
  while (answer == Z_OK) {
    stream.next_out = reinterpret_cast<Bytef*>(window.data());
    stream.avail_out = static_cast<uInt>(window.size());
    answer = inflate(&stream, Z_NO_FLUSH);
    text.append(window, 0, window.size() - stream.avail_out);
  }
  const uInt left = stream.avail_in;
  inflateEnd(&stream);
  if (answer != Z_STREAM_END) return Error{ErrorKind::corrupt, "zlib can't read it to its end"};
  if (left > 0) return Error{ErrorKind::corrupt, "bytes behind the gzip member"};
  return text;
}

inline Result<std::string> unzstd(std::string_view object) {
  const size_t frame = ZSTD_findFrameCompressedSize(object.data(), object.size());
  if (ZSTD_isError(frame)) return Error{ErrorKind::corrupt, "libzstd: not one whole frame"};
  if (frame != object.size()) return Error{ErrorKind::corrupt, "bytes behind the zstd frame"};
  ZSTD_DCtx* context = ZSTD_createDCtx();
  std::string text, window(256 << 10, '\0');
  ZSTD_inBuffer input{object.data(), object.size(), 0};
  size_t wanted = 1;
  while (wanted > 0 && !ZSTD_isError(wanted)) {
    ZSTD_outBuffer output{window.data(), window.size(), 0};
    const size_t before = input.pos;
    wanted = ZSTD_decompressStream(context, &output, &input);
    text.append(window, 0, output.pos);
    if (output.pos == 0 && input.pos == before) break;
  }
  ZSTD_freeDCtx(context);
  if (wanted > 0) return Error{ErrorKind::corrupt, "libzstd can't read it to its end"};
  return text;
}

// By its name, as readers of lakes go. `invalid`: a format that nobody here can read.
inline Result<std::string> unpacked(std::string_view key, std::string_view object) {
  if (key.ends_with(".jsonl.gz")) return ungzipped(object);
  if (key.ends_with(".jsonl.zst")) return unzstd(object);
  if (key.ends_with(".jsonl")) return std::string(object);
  return Error{ErrorKind::invalid, "no independent reader for " + std::string(key)};
}

}  // namespace sluice
