// Where requests of one scheme, host and port go, what a shard knows about it, and which of its
// exchanges wait for a connection there.
#pragma once

#include <deque>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "http/addresses.h"
#include "http/http.h"
#include "http/proxy.h"
#include "http/resolver.h"
#include "http/url.h"

namespace sluice {

class Connection;
class TlsContext;
struct Pending;

struct Origin {
  Origin(Url at, const ProxyRules& proxies);  // Which outlive it
  Url url;                                    // Only scheme, host and port count.
  const Url* proxy = nullptr;                 // Null: straight
  bool is_public_only = false;                // No other addresses are asked (host_kind.h)
  std::string proxy_credentials = {};         // Secret
  TlsContext* tls = nullptr;                  // What is shown and trusted here
  bool tunnels() const { return proxy != nullptr && url.is_tls; }
  const std::string& connect_host() const { return proxy != nullptr ? proxy->host : url.host; }
  uint16_t connect_port() const { return proxy != nullptr ? proxy->port : url.port; }
  std::string text() const {
    return url.host_and_port() + (proxy != nullptr ? " through the proxy " + proxy->host : "");
  }

  Pending take_first_waiting();  // There must be one.
  std::optional<Pending> take_waiting(ExchangeId id);

  Addresses addresses = {};
  bool is_numeric = false;  // Nobody needs to be asked for it.
  Instant resolved_at = {};
  bool is_resolving = false;

  std::vector<Connection*> idle = {};  // The one used last is at the back, and is used next.
  std::deque<Pending> waiting;
  size_t connecting = 0;       // Connections not yet ready to send, and not overtaken
  size_t failed_in_a_row = 0;  // Attempts to connect
};

}  // namespace sluice
