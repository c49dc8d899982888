#include "http/host_kind.h"

#include <doctest/doctest.h>

namespace sluice {

TEST_CASE("a host is this machine, a neighbour or private by its address, not by its text") {
  for (const char* host : {"127.0.0.1", "127.9.8.7", "127.1", "0x7f.1", "::1", "0:0:0:0:0:0:0:1",
                           "::ffff:127.0.0.1", "2130706433", "localhost", "LOCALHOST.",
                           "lake.localhost", "0.0.0.0", "::", "::1%lo", "::1%25lo"}) {
    CHECK_MESSAGE(host_kind(host) == HostKind::loopback, host);
  }
  for (const char* host : {"169.254.169.254", "169.254.170.23", "fe80::1", "::ffff:169.254.1.1"}) {
    CHECK_MESSAGE(host_kind(host) == HostKind::link_local, host);
  }
  for (const char* host : {"10.0.0.1", "172.16.0.1", "172.31.255.255", "192.168.1.1", "100.64.0.1",
                           "fd00:ec2::254", "fc00::1", "64:ff9b:1::808:808"}) {
    CHECK_MESSAGE(host_kind(host) == HostKind::private_network, host);
  }
  for (const char* host : {"64:ff9b::7f00:1", "2002:a00:1::1", "::8.8.8.8", "0.1.2.3", "198.18.0.1",
                           "fec0::1", "ff02::1", "224.0.0.1", "255.255.255.255", "192.0.2.1"}) {
    CHECK_MESSAGE(host_kind(host) == HostKind::reserved, host);
  }
  for (const char* host : {"127.example.com", "127.0.0.1.nip.example", "localhost.example",
                           "notlocalhost", "172.32.0.1", "8.8.8.8", "2001:4860::8888", "10.example",
                           "64:ff9b::808:808", "1.1.1.1", "100.128.0.1", "11.0.0.1"}) {
    CHECK_MESSAGE(host_kind(host) == HostKind::elsewhere, host);
  }
}

}  // namespace sluice
