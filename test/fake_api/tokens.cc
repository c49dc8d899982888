#include "tokens.h"

#include "base/checksum.h"

namespace sluice::fake_api {
namespace {

// Any odd number, and what undoes a multiplication by it.
constexpr uint64_t scramble = 0x9E37'79B9'7F4A'7C15;
constexpr uint64_t inverse_of(uint64_t odd) {
  uint64_t inverse = odd;
  for (int i = 0; i < 6; ++i) inverse *= 2 - odd * inverse;
  return inverse;
}
constexpr uint64_t unscramble = inverse_of(scramble);
constexpr uint64_t mask = 0x5A17'C0DE'F00D'BEEF;

std::string encode(uint64_t scrambled) {
  std::string raw;
  for (int shift = 56; shift >= 0; shift -= 8) raw += static_cast<char>(scrambled >> shift);
  const uint32_t check = crc32(raw);
  raw += static_cast<char>(check >> 8);
  raw += static_cast<char>(check);
  return base64(raw);
}

int digit_of(char c) {
  if (c >= 'A' && c <= 'Z') return c - 'A';
  if (c >= 'a' && c <= 'z') return c - 'a' + 26;
  if (c >= '0' && c <= '9') return c - '0' + 52;
  return c == '+' ? 62 : c == '/' ? 63 : -1;
}

}  // namespace

std::string write_token(TokenPlace place) {
  return encode(((place.offset | place.again << 48 | place.epoch << 56) ^ mask) * scramble);
}

std::optional<TokenPlace> read_token(std::string_view token) {
  // 64 bits are ten digits and two thirds.
  if (token.size() < 11) return std::nullopt;
  uint64_t scrambled = 0;
  for (size_t i = 0; i < 11; ++i) {
    const int digit = digit_of(token[i]);
    if (digit < 0) return std::nullopt;
    const auto value = static_cast<uint64_t>(digit);
    scrambled = i < 10 ? scrambled << 6 | value : scrambled << 4 | value >> 2;
  }
  if (encode(scrambled) != token) return std::nullopt;
  const uint64_t value = (scrambled * unscramble) ^ mask;
  return TokenPlace{value & ((1ULL << 48) - 1), value >> 48 & 255, value >> 56};
}

}  // namespace sluice::fake_api
