#include "http/origin.h"

#include <algorithm>

#include "http/connection.h"

namespace sluice {
namespace {

// A name's addresses that haven't come up again for so many answers are still tried: S3 gives
// another eight each time.
constexpr size_t addresses_max = 64;

}  // namespace

Origin::Origin(Url at, const ProxyRules& proxies)
    : url(std::move(at)), proxy(proxies.proxy_for(url)) {
  if (proxy != nullptr) proxy_credentials = proxy_authorization(*proxy);
  addresses = numeric_address(connect_host(), connect_port());
  if (!addresses.empty()) resolved_at = {INT64_MAX / 2};  // For good
}

void Origin::learn(const std::vector<Address>& found, Instant at) {
  resolved_at = at;
  for (const Address& one : found) {
    const auto known = std::find(addresses.begin(), addresses.end(), one);
    if (known == addresses.end()) addresses.insert(addresses.begin(), one);
  }
  if (addresses.size() > addresses_max) addresses.resize(addresses_max);
}

void Origin::put_last(const Address& address) {
  const auto bad = std::find(addresses.begin(), addresses.end(), address);
  if (bad != addresses.end()) std::rotate(bad, bad + 1, addresses.end());
  next_address = 0;  // Else the count could fall on the one that has just become the last.
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
