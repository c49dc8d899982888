#include "expected.h"

#include <openssl/evp.h>

#include <array>
#include <memory>

#include "base/checksum.h"
#include "http_server/url.h"

namespace sluice::fake_api {

void each_line(const Records& records, Span span, Lines lines,
               const std::function<void(std::string_view)>& take) {
  const auto times =
      lines == Lines::json_events ? Records::Times::interleaved : Records::Times::ascending;
  for (uint64_t i = span.first; i < span.first + span.count; ++i) {
    take(lines == Lines::csv ? records.csv_row(i) : records.record(i, times) + "\n");
  }
}

std::string digest_json(const Records& records, Span span, Lines lines) {
  const std::unique_ptr<EVP_MD_CTX, void (*)(EVP_MD_CTX*)> sha(EVP_MD_CTX_new(), EVP_MD_CTX_free);
  EVP_DigestInit_ex(sha.get(), EVP_sha256(), nullptr);
  uint64_t bytes = 0, sum = 0;
  each_line(records, span, lines, [&](std::string_view line) {
    EVP_DigestUpdate(sha.get(), line.data(), line.size());
    bytes += line.size();
    sum += crc32(line.substr(0, line.size() - 1));
  });
  std::array<unsigned char, 32> raw;
  EVP_DigestFinal_ex(sha.get(), raw.data(), nullptr);
  std::string hex;
  http_server::append_hex({reinterpret_cast<const char*>(raw.data()), raw.size()}, hex);
  return "{\"count\": " + std::to_string(span.count) + ", \"bytes\": " + std::to_string(bytes) +
         ", \"sha256\": \"" + hex + "\", \"crc32_sum\": " + std::to_string(sum) + "}\n";
}

}  // namespace sluice::fake_api
