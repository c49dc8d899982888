#include "http/proxy.h"

#include <arpa/inet.h>

#include <algorithm>
#include <cstring>

#include "base/checksum.h"
#include "base/text.h"
#include "http/host_kind.h"

namespace sluice {

namespace {

Result<std::optional<Url>> proxy_named(const Environment& environment,
                                       const std::vector<const char*>& names) {
  for (const char* name : names) {
    const auto value = environment.get(name);
    if (!value || value->empty()) continue;
    const bool has_scheme = value->find("://") != std::string::npos;
    if (lower_case(*value).starts_with("socks"))
      return Error{ErrorKind::invalid,
                   std::string(name) +
                       ": SOCKS is not spoken here; name an HTTP proxy as http://host:port (in "
                       "HTTPS_PROXY and http_proxy), or unset it"};
    Url url = TRY_IN(parse_url(has_scheme ? *value : "http://" + *value), name);
    if (url.is_tls)
      return Error{ErrorKind::invalid, std::string(name) +
                                           ": a proxy is spoken to in plain HTTP "
                                           "here; name it as http://host:port"};
    return std::optional<Url>(std::move(url));
  }
  return std::optional<Url>();
}

// An address's bytes, 4 or 16; none of a name.
std::string address_bytes(const std::string& text) {
  std::string bytes(sizeof(in6_addr), '\0');
  if (::inet_pton(AF_INET6, text.c_str(), bytes.data()) == 1) return bytes;
  bytes.resize(sizeof(in_addr));
  return ::inet_pton(AF_INET, text.c_str(), bytes.data()) == 1 ? bytes : std::string();
}

// "10.0.0.0/8", "fd00::/8", and an address alone, however it is written.
bool in_network(const std::string& host, const std::string& network) {
  const size_t slash = network.find('/');
  const std::string base = address_bytes(network.substr(0, slash));
  const std::string address = address_bytes(host);
  if (base.empty() || base.size() != address.size()) return false;
  if (slash == std::string::npos) return base == address;
  const auto bits = parse_number<uint32_t>(std::string_view(network).substr(slash + 1));
  if (!bits || *bits > base.size() * 8) return false;
  const size_t whole = *bits / 8;
  if (base.compare(0, whole, address, 0, whole) != 0) return false;
  const int rest = static_cast<int>(*bits % 8);
  return rest == 0 || ((base[whole] ^ address[whole]) & 0xFF) >> (8 - rest) == 0;
}

// "host:444", "[::1]:444": both without the port; none: "host", "::1", "[::1]".
struct HostRule {
  std::string host;
  std::string_view port;
};
HostRule host_rule(std::string_view rule) {
  if (rule.starts_with('[')) {
    const size_t end = std::min(rule.find(']'), rule.size());
    const std::string_view behind = rule.substr(std::min(end + 1, rule.size()));
    return {std::string(rule.substr(1, end - 1)),
            behind.starts_with(':') ? behind.substr(1) : std::string_view()};
  }
  const size_t colon = rule.find(':');
  if (colon == std::string_view::npos || rule.find(':', colon + 1) != std::string_view::npos)
    return {std::string(rule), {}};
  return {std::string(rule.substr(0, colon)), rule.substr(colon + 1)};
}

// What hands out credentials is never behind a proxy, which would get to see them: EC2's, ECS's and
// EKS's addresses of IPv6. Those of IPv4 are link-local.
bool is_credentials_service(const std::string& host) {
  const std::string address = address_bytes(host);
  return !address.empty() &&
         (address == address_bytes("fd00:ec2::254") || address == address_bytes("fd00:ec2::23"));
}

}  // namespace

Result<ProxyRules> ProxyRules::from(const Environment& environment) {
  ProxyRules rules;
  rules.for_tls_ =
      TRY(proxy_named(environment, {"https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY"}));
  rules.for_plain_ = TRY(proxy_named(environment, {"http_proxy", "all_proxy", "ALL_PROXY"}));
  for (const char* name : {"no_proxy", "NO_PROXY"}) {
    const auto value = environment.get(name);
    if (!value) continue;
    for (const std::string_view one : split(*value, ',')) {
      if (!trim(one).empty()) rules.excepted_.push_back(lower_case(trim(one)));
    }
    break;
  }
  return rules;
}

const Url* ProxyRules::proxy_for(const Url& url) const {
  const std::optional<Url>& proxy = url.is_tls ? for_tls_ : for_plain_;
  if (!proxy || is_excepted(url)) return nullptr;
  return &*proxy;
}

bool ProxyRules::is_excepted(const Url& url) const {
  // What is on this machine, or on its link, is never behind a proxy.
  const HostKind kind = host_kind(url.host);
  if (kind == HostKind::loopback || kind == HostKind::link_local ||
      is_credentials_service(url.host))
    return true;
  return std::any_of(excepted_.begin(), excepted_.end(), [&](const std::string& rule) {
    if (rule == "*") return true;
    const auto [host, port] = host_rule(rule);
    if (!port.empty() && port != std::to_string(url.port)) return false;
    if (in_network(url.host, host)) return true;
    std::string_view name = host;
    if (name.starts_with("*.")) name.remove_prefix(1);
    if (name.starts_with('.')) {
      return url.host.ends_with(name) || url.host == name.substr(1);
    }
    return url.host == name || (url.host.size() > name.size() && url.host.ends_with(name) &&
                                url.host[url.host.size() - name.size() - 1] == '.');
  });
}

std::string proxy_authorization(const Url& proxy) {
  if (proxy.user_info.empty()) return {};
  return "Basic " + base64(percent_decoded(proxy.user_info));
}

}  // namespace sluice
