#include "http/origin.h"

#include <algorithm>

#include "http/connection.h"

namespace sluice {
Origin::Origin(Url at, const ProxyRules& proxies)
    : url(std::move(at)), proxy(proxies.proxy_for(url)) {
  if (proxy != nullptr) proxy_credentials = proxy_authorization(*proxy);
  const auto numeric = numeric_address(connect_host(), connect_port());
  is_numeric = !numeric.empty();
  addresses.learn(numeric);
}

Pending Origin::take_first_waiting() {
  Pending first = std::move(waiting.front());
  waiting.pop_front();
  return first;
}

std::optional<Pending> Origin::take_waiting(ExchangeId id) {
  const auto found = std::find_if(waiting.begin(), waiting.end(),
                                  [&](const Pending& one) { return one.id == id; });
  if (found == waiting.end()) return std::nullopt;
  Pending taken = std::move(*found);
  waiting.erase(found);
  return taken;
}

}  // namespace sluice
