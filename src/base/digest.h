// SHA-256, HMAC-SHA-256, SHA-1 and MD5 in one go: what signatures and names are made of. The
// only door to libcrypto's hashes (TLS is http's). Pure; safe from any thread; nothing is
// allocated.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>

namespace sluice {

using Sha256Digest = std::array<unsigned char, 32>;
Sha256Digest sha256(std::string_view bytes);

// A key that has been mixed in already, so that each HMAC costs two blocks less.
class HmacSha256Key {
 public:
  HmacSha256Key() = default;
  explicit HmacSha256Key(std::string_view key);
  explicit HmacSha256Key(const Sha256Digest& key)
      : HmacSha256Key(std::string_view(reinterpret_cast<const char*>(key.data()), key.size())) {}
  Sha256Digest of(std::string_view bytes) const;

 private:
  using State = std::array<uint32_t, 8>;  // SHA-256 after one block
  State inner_ = {}, outer_ = {};
};

// Names and checks of old, not for keeping anything safe.
std::array<unsigned char, 20> sha1(std::string_view bytes);
std::array<unsigned char, 16> md5(std::string_view bytes);

// Lower-case digits.
void append_hex(const unsigned char* bytes, size_t size, std::string& out);
template <size_t size>
std::string hex(const std::array<unsigned char, size>& digest) {
  std::string out;
  append_hex(digest.data(), size, out);
  return out;
}
template <size_t size>
std::string_view bytes_of(const std::array<unsigned char, size>& digest) {
  return {reinterpret_cast<const char*>(digest.data()), size};
}

}  // namespace sluice
