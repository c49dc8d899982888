// What a host in a URL is: this machine, a neighbour on the same link, a private network, or
// anywhere. By address, however it is written, and never by how its text begins: anybody may own
// 127.example.com.
#pragma once

#include <cstdint>
#include <string>

namespace sluice {

struct Address;

enum class HostKind : uint8_t { elsewhere, loopback, link_local, private_network };

// As Url::host has it: without brackets, lower case. A name is `elsewhere`, except for localhost
// and what lies below it (RFC 6761, 6.3). Pure.
HostKind host_kind(const std::string& host);
// The same of an address that a name was found to have.
HostKind host_kind(const Address& address);

}  // namespace sluice
