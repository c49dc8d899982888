// Which requests go through a proxy, as the environment says: HTTPS_PROXY, http_proxy (lower case
// only: as HTTP_PROXY a CGI server would set it from a request), NO_PROXY.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/environment.h"
#include "base/result.h"
#include "http/url.h"

namespace sluice {

class ProxyRules {
 public:
  ProxyRules() = default;
  // `invalid`: a proxy's URL that can't be read, or of another kind than http:// (SOCKS).
  static Result<ProxyRules> from(const Environment& environment);

  // The proxy for a request to that URL; null: straight.
  const Url* proxy_for(const Url& url) const;

 private:
  bool is_excepted(const Url& url) const;
  std::optional<Url> for_plain_, for_tls_;
  std::vector<std::string> excepted_;  // NO_PROXY: "*", host, .suffix, address, CIDR
};

// The value of Proxy-Authorization; empty if the URL names nobody. Secret.
std::string proxy_authorization(const Url& proxy);

}  // namespace sluice
