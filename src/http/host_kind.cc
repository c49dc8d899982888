#include "http/host_kind.h"

#include <arpa/inet.h>

#include <array>
#include <cstring>

#include "base/text.h"
#include "http/resolver.h"

namespace sluice {
namespace {

struct Network {
  uint32_t base;
  int bits;
  HostKind kind;
};

// The first that an address is in counts.
constexpr std::array<Network, 15> networks = {{{0x00000000, 32, HostKind::loopback},
                                               {0x00000000, 8, HostKind::reserved},
                                               {0x7F000000, 8, HostKind::loopback},
                                               {0xA9FE0000, 16, HostKind::link_local},
                                               {0x0A000000, 8, HostKind::private_network},
                                               {0xAC100000, 12, HostKind::private_network},
                                               {0xC0A80000, 16, HostKind::private_network},
                                               {0x64400000, 10, HostKind::private_network},
                                               {0xC0000000, 24, HostKind::reserved},
                                               {0xC0000200, 24, HostKind::reserved},
                                               {0xC6120000, 15, HostKind::reserved},
                                               {0xC6336400, 24, HostKind::reserved},
                                               {0xCB007100, 24, HostKind::reserved},
                                               {0xE0000000, 4, HostKind::reserved},
                                               {0xF0000000, 4, HostKind::reserved}}};

HostKind kind_of_v4(const uint8_t* bytes) {
  const uint32_t address =
      uint32_t{bytes[0]} << 24 | uint32_t{bytes[1]} << 16 | uint32_t{bytes[2]} << 8 | bytes[3];
  for (const Network& one : networks) {
    if (uint64_t{address ^ one.base} >> (32 - one.bits) == 0) return one.kind;
  }
  return HostKind::elsewhere;
}

HostKind kind_through_gateway(const uint8_t* v4) {
  return kind_of_v4(v4) == HostKind::elsewhere ? HostKind::elsewhere : HostKind::reserved;
}

HostKind kind_of_v6(const in6_addr& address) {
  const uint8_t* const bytes = address.s6_addr;
  constexpr std::array<uint8_t, 12> nat64 = {0, 0x64, 0xFF, 0x9B};
  constexpr std::array<uint8_t, 12> none = {};
  if (IN6_IS_ADDR_LOOPBACK(&address) || IN6_IS_ADDR_UNSPECIFIED(&address))
    return HostKind::loopback;
  if (IN6_IS_ADDR_V4MAPPED(&address)) return kind_of_v4(bytes + 12);
  if (std::memcmp(bytes, nat64.data(), nat64.size()) == 0) return kind_through_gateway(bytes + 12);
  // RFC 8215, 64:ff9b:1::/48: "for translation within a network"
  if (std::memcmp(bytes, nat64.data(), 4) == 0 && bytes[4] == 0 && bytes[5] == 1)
    return HostKind::private_network;
  if (bytes[0] == 0x20 && bytes[1] == 0x02) return kind_through_gateway(bytes + 2);  // 6to4
  if (std::memcmp(bytes, none.data(), none.size()) == 0) return HostKind::reserved;  // ::1.2.3.4
  if (IN6_IS_ADDR_LINKLOCAL(&address)) return HostKind::link_local;
  if ((bytes[0] & 0xFE) == 0xFC) return HostKind::private_network;  // fc00::/7
  if (IN6_IS_ADDR_SITELOCAL(&address) || bytes[0] == 0xFF) return HostKind::reserved;
  return HostKind::elsewhere;
}

}  // namespace

std::string_view to_string(HostKind kind) {
  switch (kind) {
    case HostKind::elsewhere:
      return "public";
    case HostKind::loopback:
      return "loopback";
    case HostKind::link_local:
      return "link-local";
    case HostKind::private_network:
      return "private";
    case HostKind::reserved:
      return "reserved";
  }
  return "unknown";
}

HostKind host_kind(const Address& address) {
  if (address.storage.ss_family == AF_INET6) {
    sockaddr_in6 v6 = {};
    std::memcpy(&v6, &address.storage, sizeof v6);
    return kind_of_v6(v6.sin6_addr);
  }
  sockaddr_in v4 = {};
  std::memcpy(&v4, &address.storage, sizeof v4);
  std::array<uint8_t, 4> bytes = {};
  std::memcpy(bytes.data(), &v4.sin_addr.s_addr, bytes.size());
  return kind_of_v4(bytes.data());
}

HostKind host_kind(std::string_view host) {
  while (host.ends_with('.')) host.remove_suffix(1);
  // A zone says through which interface, not where: [::1%25lo] is ::1.
  if (host.find(':') != host.npos) host = host.substr(0, host.find('%'));
  const std::string name = lower_case(host);
  if (is_localhost(name)) return HostKind::loopback;
  const auto address = numeric_address(name, 0);
  return address.empty() ? HostKind::elsewhere : host_kind(address.front());
}

}  // namespace sluice
