#include "http/host_kind.h"

#include <arpa/inet.h>

#include <cstring>
#include <string_view>

#include "http/resolver.h"

namespace sluice {
namespace {

bool is_in(uint32_t address, uint32_t network, int bits) {
  return address >> (32 - bits) == network >> (32 - bits);
}

// https://www.iana.org/assignments/iana-ipv4-special-registry
HostKind kind_of_v4(uint32_t address) {
  if (is_in(address, 0x7F000000, 8) || address == 0) return HostKind::loopback;
  if (is_in(address, 0xA9FE0000, 16)) return HostKind::link_local;
  const bool is_private = is_in(address, 0x0A000000, 8) || is_in(address, 0xAC100000, 12) ||
                          is_in(address, 0xC0A80000, 16) || is_in(address, 0x64400000, 10);
  return is_private ? HostKind::private_network : HostKind::elsewhere;
}

HostKind kind_of_v6(const in6_addr& address) {
  if (IN6_IS_ADDR_LOOPBACK(&address) || IN6_IS_ADDR_UNSPECIFIED(&address))
    return HostKind::loopback;
  if (IN6_IS_ADDR_LINKLOCAL(&address)) return HostKind::link_local;
  if (IN6_IS_ADDR_V4MAPPED(&address)) {
    uint32_t last = 0;
    std::memcpy(&last, address.s6_addr + 12, sizeof last);
    return kind_of_v4(ntohl(last));
  }
  const bool is_unique_local = (address.s6_addr[0] & 0xFE) == 0xFC;  // fc00::/7
  return is_unique_local ? HostKind::private_network : HostKind::elsewhere;
}

}  // namespace

HostKind host_kind(const Address& address) {
  if (address.storage.ss_family == AF_INET6)
    return kind_of_v6(reinterpret_cast<const sockaddr_in6*>(&address.storage)->sin6_addr);
  return kind_of_v4(ntohl(reinterpret_cast<const sockaddr_in*>(&address.storage)->sin_addr.s_addr));
}

HostKind host_kind(const std::string& host) {
  if (is_localhost(host)) return HostKind::loopback;
  // As the connection will read it: "127.1" and "0x7f.1" are addresses, too.
  const auto address = numeric_address(host, 0);
  return address.empty() ? HostKind::elsewhere : host_kind(address.front());
}

}  // namespace sluice
