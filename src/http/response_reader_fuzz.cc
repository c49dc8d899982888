// Whatever pieces the bytes come in, the response is the same.
#include <cstdint>
#include <string>

#include "http/response_reader.h"

namespace sluice {
namespace {

std::string read(std::string_view bytes, size_t step, std::string_view method) {
  ResponseReader reader;
  reader.begin(method, 1 << 16);
  size_t at = 0;
  while (at < bytes.size() && !reader.done()) {
    const std::string_view piece = bytes.substr(at, step);
    const auto taken = reader.take(piece);
    if (!taken.ok()) return "error";
    ENSURE(*taken == piece.size() || reader.done());
    at += *taken;
  }
  if (!reader.done() && !reader.end(ResponseReader::End::plain).ok()) return "cut";
  std::string out = std::to_string(reader.response().status) + " " + std::to_string(at);
  for (const Header& one : reader.response().headers) out += one.name + ":" + one.value + "\n";
  return out + std::string(reader.response().body.view());
}

}  // namespace
}  // namespace sluice

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size == 0) return 0;
  const std::string_view bytes(reinterpret_cast<const char*>(data) + 1, size - 1);
  const std::string_view method = data[0] & 1 ? "GET" : "HEAD";
  const std::string whole = sluice::read(bytes, bytes.size() + 1, method);
  ENSURE(sluice::read(bytes, 1 + data[0] / 8, method) == whole);
  ENSURE(sluice::read(bytes, 1, method) == whole);
  return 0;
}
