// What a host in a URL is: this machine, a neighbour on the same link (a cloud's metadata, too), a
// private network, or anywhere. By address, however it is written, and never by how its text
// begins: anybody may own 127.example.com.
// https://www.iana.org/assignments/iana-ipv4-special-registry and -ipv6-
#pragma once

#include <cstdint>
#include <string_view>

namespace sluice {

struct Address;

// `reserved`: nobody's on the Internet, and neither this machine's nor a network's of its owner:
// documentation, multicast, old forms; and what a gateway makes of an IPv6 address (NAT64, 6to4)
// where that is not `elsewhere`. Whoever asks only where anybody may lets nothing but `elsewhere`
// pass; whoever trusts this machine trusts only `loopback`.
enum class HostKind : uint8_t { elsewhere, loopback, link_local, private_network, reserved };
// "public", "loopback", "link-local", "private", "reserved"
std::string_view to_string(HostKind kind);

HostKind host_kind(const Address& address);
// As it stands in a URL, without brackets, in any of the forms that a system takes for an address
// ("127.1", "0x7f000001"). A name is `elsewhere`, for only the system knows where it leads; except
// for localhost and what lies below it (RFC 6761, 6.3). Pure.
HostKind host_kind(std::string_view host);

}  // namespace sluice
