// The low-level calls are deprecated because they can't be swapped for other providers; they cost
// a third of the EVP ones on the short texts of a signature.
#define OPENSSL_SUPPRESS_DEPRECATED
#include "http_server/digests.h"

#include <openssl/md5.h>
#include <openssl/sha.h>

#include <cstring>

namespace sluice::http_server {
namespace {

constexpr uint64_t nvme_polynomial = 0x9A6C9329AC4BC9B5;

// Eight tables, so that eight bytes are taken at once.
using Tables = std::array<std::array<uint64_t, 256>, 8>;
const Tables& nvme_tables() {
  static const Tables tables = [] {
    Tables made{};
    for (uint64_t i = 0; i < 256; ++i) {
      uint64_t crc = i;
      for (int bit = 0; bit < 8; ++bit) crc = (crc >> 1) ^ ((crc & 1) != 0 ? nvme_polynomial : 0);
      made[0][i] = crc;
    }
    for (size_t t = 1; t < 8; ++t) {
      for (size_t i = 0; i < 256; ++i) {
        made[t][i] = made[0][made[t - 1][i] & 255] ^ (made[t - 1][i] >> 8);
      }
    }
    return made;
  }();
  return tables;
}

const unsigned char* raw(std::string_view text) {
  return reinterpret_cast<const unsigned char*>(text.data());
}
unsigned char* raw(std::string& text) {
  return reinterpret_cast<unsigned char*>(text.data());
}

}  // namespace

std::string md5(std::string_view bytes) {
  std::string digest(MD5_DIGEST_LENGTH, '\0');
  MD5(raw(bytes), bytes.size(), raw(digest));
  return digest;
}

std::string sha1(std::string_view bytes) {
  std::string digest(SHA_DIGEST_LENGTH, '\0');
  SHA1(raw(bytes), bytes.size(), raw(digest));
  return digest;
}

std::string sha256(std::string_view bytes) {
  std::string digest(SHA256_DIGEST_LENGTH, '\0');
  SHA256_CTX context;
  SHA256_Init(&context);
  SHA256_Update(&context, bytes.data(), bytes.size());
  SHA256_Final(raw(digest), &context);
  return digest;
}

uint64_t crc64nvme(std::string_view bytes, uint64_t before) {
  const Tables& tables = nvme_tables();
  uint64_t crc = ~before;
  const char* at = bytes.data();
  size_t left = bytes.size();
  for (; left >= 8; left -= 8, at += 8) {
    uint64_t word;
    std::memcpy(&word, at, 8);
    word ^= crc;
    crc = 0;
    for (size_t t = 0; t < 8; ++t) crc ^= tables[7 - t][(word >> (8 * t)) & 255];
  }
  for (; left > 0; --left, ++at) {
    crc = tables[0][(crc ^ static_cast<uint8_t>(*at)) & 255] ^ (crc >> 8);
  }
  return ~crc;
}

std::string big_endian(uint64_t number, size_t bytes) {
  std::string out;
  for (size_t i = bytes; i-- > 0;) out += static_cast<char>(number >> (8 * i));
  return out;
}

struct HmacSha256::State {
  SHA256_CTX inner, outer;
};

HmacSha256::HmacSha256(std::string_view key) : state_(std::make_unique<State>()) {
  std::string block(key.size() > SHA256_CBLOCK ? sha256(key) : std::string(key));
  block.resize(SHA256_CBLOCK, '\0');
  for (char& c : block) c = static_cast<char>(c ^ 0x36);
  SHA256_Init(&state_->inner);
  SHA256_Update(&state_->inner, block.data(), block.size());
  for (char& c : block) c = static_cast<char>(c ^ 0x36 ^ 0x5c);
  SHA256_Init(&state_->outer);
  SHA256_Update(&state_->outer, block.data(), block.size());
}
HmacSha256::HmacSha256(HmacSha256&&) noexcept = default;
HmacSha256& HmacSha256::operator=(HmacSha256&&) noexcept = default;
HmacSha256::~HmacSha256() = default;

std::string HmacSha256::operator()(std::string_view text) const {
  std::string digest(SHA256_DIGEST_LENGTH, '\0');
  SHA256_CTX context = state_->inner;
  SHA256_Update(&context, text.data(), text.size());
  SHA256_Final(raw(digest), &context);
  context = state_->outer;
  SHA256_Update(&context, digest.data(), digest.size());
  SHA256_Final(raw(digest), &context);
  return digest;
}

}  // namespace sluice::http_server
