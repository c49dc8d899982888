// Which addresses anybody may have on the Internet, and which mean this machine, its network or a
// cloud's metadata: https://www.iana.org/assignments/iana-ipv4-special-registry and -ipv6-.
#pragma once

#include <string_view>

#include "http/resolver.h"

namespace sluice {

// "" of a public address; else "loopback", "link-local", "private" or "reserved". Of an IPv6
// address that holds an IPv4 one (mapped, NAT64, 6to4) that one counts.
std::string_view special_class(const Address& address);

// Of a host as it stands in a URL, in any of the forms that a system takes for an address (127.1,
// 0x7f000001), and of "localhost". "" of any other name: where that leads only the system knows.
std::string_view special_class(std::string_view host);

}  // namespace sluice
