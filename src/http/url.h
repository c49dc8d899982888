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
  // "user:password" before the host, percent-encoding as it was; of proxies. A request's URL may
  // have none: the engine refuses it. Secret.
  std::string user_info;

  // "example.com" or "[::1]:8080": what the Host header says.
  std::string authority() const;
  // "example.com:80" or "[::1]:8080": what a proxy is asked for, and people are shown.
  std::string host_and_port() const;
};

// %XX made the byte it says; what isn't %XX stays as it is.
std::string percent_decoded(std::string_view text);

// A value as it may stand in a query: everything but letters, digits and -._~ as %XX.
std::string percent_encoded(std::string_view text);
// The URL with this word in its query, in place of any of that name; value and name as they are
// before encoding.
std::string with_query_word(std::string_view url, std::string_view name, std::string_view value);
// Where `reference`, found in what came from `base`, leads (RFC 3986, 5.2): absolute, another host,
// another path, another query. `base` must be absolute. Without a fragment.
std::string resolved_url(std::string_view base, std::string_view reference);
// Do both lead to the same server: scheme, host and port?
bool same_origin(std::string_view a, std::string_view b);

// Where the path begins, or what stands in its place: behind "scheme://host:port". 0 without a
// scheme.
size_t end_of_origin(std::string_view url);

// A blank, a line break or another control character: it would end the request line.
bool has_forbidden_byte(std::string_view text);

// `invalid`: no scheme we speak, no host, a port that is none, or a byte that no URL may hold.
Result<Url> parse_url(std::string_view text);

}  // namespace sluice
