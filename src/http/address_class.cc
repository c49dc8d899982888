#include "http/address_class.h"

#include <arpa/inet.h>

#include <array>
#include <cstring>

#include "base/text.h"

namespace sluice {
namespace {

struct Network {
  uint32_t base;
  int bits;
  std::string_view what;
};

std::string_view class_of_v4(uint32_t address) {
  constexpr std::array<Network, 14> networks = {{{0x00000000, 8, "loopback"},  // "This host"
                                                 {0x7F000000, 8, "loopback"},
                                                 {0xA9FE0000, 16, "link-local"},
                                                 {0x0A000000, 8, "private"},
                                                 {0xAC100000, 12, "private"},
                                                 {0xC0A80000, 16, "private"},
                                                 {0x64400000, 10, "private"},  // Carriers' NAT
                                                 {0xC0000000, 24, "reserved"},
                                                 {0xC0000200, 24, "reserved"},
                                                 {0xC6120000, 15, "private"},  // Benchmarks
                                                 {0xC6336400, 24, "reserved"},
                                                 {0xCB007100, 24, "reserved"},
                                                 {0xE0000000, 4, "reserved"},
                                                 {0xF0000000, 4, "reserved"}}};
  for (const Network& one : networks) {
    if ((address ^ one.base) >> (32 - one.bits) == 0) return one.what;
  }
  return {};
}

uint32_t v4_at(const uint8_t* bytes) {
  return uint32_t{bytes[0]} << 24 | uint32_t{bytes[1]} << 16 | uint32_t{bytes[2]} << 8 | bytes[3];
}

std::string_view class_of_v6(const std::array<uint8_t, 16>& bytes) {
  constexpr std::array<uint8_t, 16> none = {};
  constexpr std::array<uint8_t, 12> mapped = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xFF, 0xFF};
  constexpr std::array<uint8_t, 12> nat64 = {0, 0x64, 0xFF, 0x9B};
  if (std::memcmp(bytes.data(), mapped.data(), 12) == 0) return class_of_v4(v4_at(&bytes[12]));
  if (std::memcmp(bytes.data(), nat64.data(), 12) == 0) return class_of_v4(v4_at(&bytes[12]));
  if (bytes[0] == 0x20 && bytes[1] == 0x02) return class_of_v4(v4_at(&bytes[2]));
  if (std::memcmp(bytes.data(), none.data(), 12) == 0) return "loopback";  // ::, ::1, old v4
  if (bytes[0] == 0xFE && (bytes[1] & 0xC0) == 0x80) return "link-local";
  if (bytes[0] == 0xFE && (bytes[1] & 0xC0) == 0xC0) return "private";  // Site-local
  if ((bytes[0] & 0xFE) == 0xFC) return "private";
  if (bytes[0] == 0xFF) return "reserved";
  return {};
}

}  // namespace

std::string_view special_class(const Address& address) {
  if (address.storage.ss_family == AF_INET) {
    sockaddr_in in = {};
    std::memcpy(&in, &address.storage, sizeof in);
    return class_of_v4(ntohl(in.sin_addr.s_addr));
  }
  sockaddr_in6 in6 = {};
  std::memcpy(&in6, &address.storage, sizeof in6);
  std::array<uint8_t, 16> bytes = {};
  std::memcpy(bytes.data(), &in6.sin6_addr, bytes.size());
  return class_of_v6(bytes);
}

std::string_view special_class(std::string_view host) {
  while (host.ends_with('.')) host.remove_suffix(1);
  const std::string name = lower_case(host);
  if (name == "localhost" || name.ends_with(".localhost")) return "loopback";
  for (const Address& address : numeric_address(name, 0)) {
    if (const auto what = special_class(address); !what.empty()) return what;
  }
  return {};
}

}  // namespace sluice
