// An absolute URL, cut into what a connection and a request line need.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.h"

namespace sluice {

struct Url {
  bool is_tls = false;  // https
  std::string host;     // Without the brackets of an IPv6 address; lower case
  uint16_t port = 80;   // Said, or the scheme's
  bool is_default_port = true;
  std::string target;  // "/path?query", as it was written; "/" if there was none
  // "user:password" before the host, percent-encoding as it was; of proxies. Secret.
  std::string user_info;

  // "example.com" or "[::1]:8080": what the Host header says.
  std::string authority() const;
};

// %XX made the byte it says; what isn't %XX stays as it is.
std::string percent_decoded(std::string_view text);

// A blank, a line break or another control character: it would end the request line.
bool has_forbidden_byte(std::string_view text);

// `invalid`: no scheme we speak, no host, a port that is none, or a byte that no URL may hold.
Result<Url> parse_url(std::string_view text);

}  // namespace sluice
