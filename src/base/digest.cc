#include "base/digest.h"

// The low-level calls: OpenSSL 3 would rather see EVP, whose fetches cost more than the hash of a
// small request (3.1 us for a signature against 0.7).
#define OPENSSL_SUPPRESS_DEPRECATED
#include <openssl/md5.h>
#include <openssl/sha.h>

#include <algorithm>
#include <cstring>

#include "base/md5.h"

namespace sluice {
namespace {

constexpr size_t block_bytes = SHA256_CBLOCK;

std::array<uint32_t, 8> after_block(const std::array<unsigned char, block_bytes>& block) {
  SHA256_CTX context;
  SHA256_Init(&context);
  SHA256_Update(&context, block.data(), block.size());
  std::array<uint32_t, 8> state;
  std::copy(std::begin(context.h), std::end(context.h), state.begin());
  return state;
}

// A hash that has seen the one block which `state` stands for.
SHA256_CTX resumed(const std::array<uint32_t, 8>& state) {
  SHA256_CTX context;
  SHA256_Init(&context);
  std::copy(state.begin(), state.end(), std::begin(context.h));
  context.Nl = block_bytes * 8;
  return context;
}

}  // namespace

Sha256Digest sha256(std::string_view bytes) {
  Sha256Digest digest;
  SHA256_CTX context;  // SHA256() itself goes through EVP.
  SHA256_Init(&context);
  SHA256_Update(&context, bytes.data(), bytes.size());
  SHA256_Final(digest.data(), &context);
  return digest;
}

HmacSha256Key::HmacSha256Key(std::string_view key) {
  std::array<unsigned char, block_bytes> padded = {};
  if (key.size() > block_bytes) {
    const Sha256Digest digest = sha256(key);
    std::copy(digest.begin(), digest.end(), padded.begin());
  } else {
    std::copy(key.begin(), key.end(), padded.begin());
  }
  for (unsigned char& byte : padded) byte ^= 0x36;
  inner_ = after_block(padded);
  for (unsigned char& byte : padded) byte ^= 0x36 ^ 0x5c;
  outer_ = after_block(padded);
}

Sha256Digest HmacSha256Key::of(std::string_view bytes) const {
  Sha256Digest digest;
  SHA256_CTX context = resumed(inner_);
  SHA256_Update(&context, bytes.data(), bytes.size());
  SHA256_Final(digest.data(), &context);
  context = resumed(outer_);
  SHA256_Update(&context, digest.data(), digest.size());
  SHA256_Final(digest.data(), &context);
  return digest;
}

std::array<unsigned char, 20> sha1(std::string_view bytes) {
  std::array<unsigned char, 20> digest;
  SHA1(reinterpret_cast<const unsigned char*>(bytes.data()), bytes.size(), digest.data());
  return digest;
}

std::array<unsigned char, 16> md5(std::string_view bytes) {
  std::array<unsigned char, 16> digest;
  MD5(reinterpret_cast<const unsigned char*>(bytes.data()), bytes.size(), digest.data());
  return digest;
}

static_assert(sizeof(MD5_CTX) <= 96 && alignof(MD5_CTX) <= 8);

Md5::Md5() {
  MD5_Init(reinterpret_cast<MD5_CTX*>(state_.data()));
}
void Md5::add(std::string_view bytes) {
  MD5_Update(reinterpret_cast<MD5_CTX*>(state_.data()), bytes.data(), bytes.size());
}
std::array<unsigned char, 16> Md5::digest() {
  std::array<unsigned char, 16> digest;
  MD5_Final(digest.data(), reinterpret_cast<MD5_CTX*>(state_.data()));
  return digest;
}

void append_hex(const unsigned char* bytes, size_t size, std::string& out) {
  constexpr char digits[] = "0123456789abcdef";
  const size_t begin = out.size();
  out.resize(begin + 2 * size);
  char* to = out.data() + begin;
  for (size_t i = 0; i < size; ++i) {
    *to++ = digits[bytes[i] >> 4];
    *to++ = digits[bytes[i] & 15];
  }
}

}  // namespace sluice
