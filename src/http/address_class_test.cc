#include "http/address_class.h"

#include <doctest/doctest.h>

namespace sluice {
namespace {

TEST_CASE("this machine, its network and metadata are told from public addresses") {
  for (const char* host :
       {"127.0.0.1", "127.9.9.9", "127.1", "2130706433", "0x7f.1", "0.0.0.0", "localhost",
        "LOCALHOST.", "api.localhost", "::1", "::", "::ffff:127.0.0.1", "64:ff9b::7f00:1"}) {
    CAPTURE(host);
    CHECK(special_class(host) == "loopback");
  }
  for (const char* host : {"169.254.169.254", "fe80::1", "::ffff:169.254.169.254"})
    CHECK(special_class(host) == "link-local");
  for (const char* host : {"10.1.2.3", "172.16.0.1", "172.31.255.255", "192.168.1.1", "100.64.0.1",
                           "fd00:ec2::254", "fc00::1", "2002:a00:1::1"})
    CHECK(special_class(host) == "private");
  for (const char* host : {"8.8.8.8", "172.32.0.1", "100.128.0.1", "11.0.0.1", "2001:4860::8888",
                           "example.com", "localhost.example.com", "64:ff9b::808:808", "1.1.1.1"}) {
    CAPTURE(host);
    CHECK(special_class(host).empty());
  }
}

}  // namespace
}  // namespace sluice
