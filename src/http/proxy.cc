#include "http/proxy.h"

#include <arpa/inet.h>

#include <algorithm>

#include "base/checksum.h"
#include "base/text.h"

namespace sluice {

namespace {

Result<std::optional<Url>> proxy_named(const Environment& environment,
                                       const std::vector<const char*>& names) {
  for (const char* name : names) {
    const auto value = environment.get(name);
    if (!value || value->empty()) continue;
    const bool has_scheme = value->find("://") != std::string::npos;
    Url url = TRY_IN(parse_url(has_scheme ? *value : "http://" + *value), name);
    if (url.is_tls)
      return Error{ErrorKind::invalid, std::string(name) +
                                           ": a proxy is spoken to in plain HTTP "
                                           "here; name it as http://host:port"};
    return std::optional<Url>(std::move(url));
  }
  return std::optional<Url>();
}

std::optional<uint32_t> ipv4(const std::string& text) {
  in_addr address = {};
  if (::inet_pton(AF_INET, text.c_str(), &address) != 1) return std::nullopt;
  return ntohl(address.s_addr);
}

bool in_network(const std::string& host, const std::string& network) {
  const size_t slash = network.find('/');
  if (slash == std::string::npos) return false;
  const auto base = ipv4(network.substr(0, slash));
  const auto bits = parse_number<uint32_t>(std::string_view(network).substr(slash + 1));
  const auto address = ipv4(host);
  if (!base || !bits || *bits > 32 || !address) return false;
  const uint32_t mask = *bits == 0 ? 0 : ~uint32_t{0} << (32 - *bits);
  return (*base & mask) == (*address & mask);
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
  // What is on this machine is never behind a proxy; the metadata service neither.
  if (url.host == "localhost" || url.host == "::1" || url.host.starts_with("127.") ||
      url.host == "169.254.169.254" || url.host == "169.254.170.2")
    return true;
  return std::any_of(excepted_.begin(), excepted_.end(), [&](const std::string& rule) {
    if (rule == "*" || in_network(url.host, rule)) return true;
    std::string_view name = rule;
    if (const size_t colon = name.find(':');
        colon != std::string_view::npos && name.find(':', colon + 1) == std::string_view::npos) {
      if (name.substr(colon + 1) != std::to_string(url.port)) return false;
      name = name.substr(0, colon);
    }
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
