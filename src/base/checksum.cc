#include "base/checksum.h"

#include <isa-l/crc.h>

#include <algorithm>
#include <array>
#include <cstring>

namespace sluice {
namespace {

// Polynomials over GF(2) of degree below 32, reflected: the coefficient of x^0 is bit 31.
constexpr uint32_t gzip_polynomial = 0xEDB88320;
constexpr uint32_t castagnoli_polynomial = 0x82F63B78;
constexpr uint32_t one = 0x80000000;

template <uint32_t polynomial>
constexpr uint32_t times(uint32_t a, uint32_t b) {
  uint32_t product = 0;
  for (uint32_t bit = one; bit != 0; bit >>= 1) {
    if (a & bit) product ^= b;
    b = b & 1 ? (b >> 1) ^ polynomial : b >> 1;
  }
  return product;
}

// x^(8 * 2^i): what a CRC is multiplied with when 2^i bytes follow it.
template <uint32_t polynomial>
constexpr std::array<uint32_t, 64> make_powers() {
  std::array<uint32_t, 64> powers{};
  uint32_t power = one >> 1;  // x
  for (int i = 0; i < 3; ++i) power = times<polynomial>(power, power);
  for (auto& entry : powers) {
    entry = power;
    power = times<polynomial>(power, power);
  }
  return powers;
}

template <uint32_t polynomial>
uint32_t combine(uint32_t a, uint32_t b, uint64_t b_bytes) {
  static constexpr std::array<uint32_t, 64> powers = make_powers<polynomial>();
  for (size_t i = 0; b_bytes != 0; ++i, b_bytes >>= 1) {
    if (b_bytes & 1) a = times<polynomial>(powers[i], a);
  }
  return a ^ b;
}

constexpr std::string_view alphabet =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

}  // namespace

uint32_t crc32(std::string_view bytes, uint32_t before) {
  // crc32_gzip_refl inverts on both ends itself.
  return crc32_gzip_refl(before, reinterpret_cast<const unsigned char*>(bytes.data()),
                         bytes.size());
}

uint32_t crc32c(std::string_view bytes, uint32_t before) {
  // crc32_iscsi inverts nothing, takes the bytes as if they were writable (it only reads), and
  // counts them with an int.
  uint32_t crc = ~before;
  auto* at = reinterpret_cast<unsigned char*>(const_cast<char*>(bytes.data()));
  for (size_t left = bytes.size(); left > 0;) {
    const size_t some = std::min<size_t>(left, 1 << 30);
    crc = crc32_iscsi(at, static_cast<int>(some), crc);
    at += some;
    left -= some;
  }
  return ~crc;
}

uint32_t crc32_combine(uint32_t a, uint32_t b, uint64_t b_bytes) {
  return combine<gzip_polynomial>(a, b, b_bytes);
}

uint32_t crc32c_combine(uint32_t a, uint32_t b, uint64_t b_bytes) {
  return combine<castagnoli_polynomial>(a, b, b_bytes);
}

std::string base64(std::string_view bytes) {
  std::string out;
  out.reserve((bytes.size() + 2) / 3 * 4);
  for (size_t i = 0; i < bytes.size(); i += 3) {
    uint32_t group = 0;
    for (size_t j = 0; j < 3; ++j) {
      group = group << 8 | (i + j < bytes.size() ? static_cast<uint8_t>(bytes[i + j]) : 0u);
    }
    for (size_t j = 0; j < 4; ++j) {
      out += i + j <= bytes.size() ? alphabet[group >> (18 - 6 * j) & 63] : '=';
    }
  }
  return out;
}

std::string crc_to_base64(uint32_t crc) {
  const char bytes[] = {static_cast<char>(crc >> 24), static_cast<char>(crc >> 16),
                        static_cast<char>(crc >> 8), static_cast<char>(crc)};
  return base64({bytes, sizeof bytes});
}

std::optional<uint32_t> crc_from_base64(std::string_view text) {
  if (text.size() != 8 || text.substr(6) != "==") return std::nullopt;
  uint64_t bits = 0;
  for (const char c : text.substr(0, 6)) {
    const size_t digit = alphabet.find(c);
    if (digit == std::string_view::npos) return std::nullopt;
    bits = bits << 6 | digit;
  }
  if (bits & 15) return std::nullopt;
  return static_cast<uint32_t>(bits >> 4);
}

// ---- CRC-64/NVME -------------------------------------------------------------------------------

namespace {

// Eight bytes at a time: table k is of a byte with k bytes behind it.
using Crc64Tables = std::array<std::array<uint64_t, 256>, 8>;

constexpr Crc64Tables make_crc64_tables() {
  Crc64Tables tables = {};
  for (uint64_t byte = 0; byte < 256; ++byte) {
    uint64_t crc = byte;
    for (int bit = 0; bit < 8; ++bit) crc = (crc >> 1) ^ (crc & 1 ? 0x9A6C9329AC4BC9B5ULL : 0);
    tables[0][byte] = crc;
  }
  for (size_t k = 1; k < 8; ++k) {
    for (size_t byte = 0; byte < 256; ++byte) {
      const uint64_t before = tables[k - 1][byte];
      tables[k][byte] = (before >> 8) ^ tables[0][before & 0xFF];
    }
  }
  return tables;
}
constexpr Crc64Tables crc64_tables = make_crc64_tables();

}  // namespace

uint64_t crc64nvme(std::string_view bytes, uint64_t before) {
  uint64_t crc = ~before;
  while (bytes.size() >= 8) {
    uint64_t eight = 0;
    std::memcpy(&eight, bytes.data(), 8);
    crc ^= eight;
    uint64_t next = 0;
    for (size_t k = 0; k < 8; ++k) next ^= crc64_tables[7 - k][(crc >> (8 * k)) & 0xFF];
    crc = next;
    bytes.remove_prefix(8);
  }
  for (const char byte : bytes)
    crc = (crc >> 8) ^ crc64_tables[0][(crc ^ static_cast<unsigned char>(byte)) & 0xFF];
  return ~crc;
}

std::string crc64_to_base64(uint64_t crc) {
  std::string bytes;
  for (int shift = 56; shift >= 0; shift -= 8) bytes += static_cast<char>(crc >> shift);
  return base64(bytes);
}

}  // namespace sluice
