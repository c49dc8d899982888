// Digests that S3 knows beside the CRCs of base/checksum.h; the only door to libcrypto.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

namespace sluice::http_server {

std::string md5(std::string_view bytes);     // 16 raw bytes
std::string sha1(std::string_view bytes);    // 20
std::string sha256(std::string_view bytes);  // 32

// x-amz-checksum-crc64nvme: polynomial 0x9A6C9329AC4BC9B5, reflected. `before` is the checksum of
// the bytes in front.
uint64_t crc64nvme(std::string_view bytes, uint64_t before = 0);

std::string big_endian(uint64_t number, size_t bytes);

// HMAC-SHA256 with its key worked in already, so that many short texts cost little.
class HmacSha256 {
 public:
  explicit HmacSha256(std::string_view key);
  HmacSha256(HmacSha256&&) noexcept;
  HmacSha256& operator=(HmacSha256&&) noexcept;
  ~HmacSha256();
  std::string operator()(std::string_view text) const;  // 32 raw bytes

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace sluice::http_server
