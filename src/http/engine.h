// The engine: requests over kept connections, hundreds at a time, on a few threads (shards) that
// each own their sockets alone. HTTP/1.1 over plain sockets and TLS, through a proxy where one is
// named. docs/decisions/0005 says why it is written here and what it costs a request.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "base/clock.h"
#include "http/http.h"
#include "http/proxy.h"
#include "http/stream.h"

namespace sluice {

struct EngineOptions {
  uint32_t shards = 2;               // Threads
  uint32_t connections_max = 1024;   // Of all shards together; requests beyond wait their turn.
  Nanoseconds connect_within = 5_s;  // Each address; name, TLS and a proxy's tunnel included
  // S3 closes what has been idle for 5 to 20 s; one it is about to close must not be used again.
  Nanoseconds idle_most = 4_s;
  // Names are asked anew after this; S3's answers differ from one to the next, all are used.
  Nanoseconds addresses_good_for = 30_s;
  TlsOptions tls = {};
  // Instead of `tls`, for one origin and no other: who we are there is nobody else's business.
  struct OwnTls {
    std::string origin;  // "https://api.example.com"
    TlsOptions tls;
  };
  std::optional<OwnTls> own_tls = {};
  ProxyRules proxies = {};
};

struct EngineCounts {
  uint64_t connections_opened = 0;
  uint64_t requests_repeated = 0;  // Of themselves, after a connection had died idle
};

class HttpEngine : public Engine {
 public:
  virtual EngineCounts counts() const = 0;
};

// So many connections an engine opens at most, whatever its options say: a third of the files that
// the process may have open (ulimit -n), since another engine needs some, and files do.
uint32_t connections_by_files();

// Ends (and answers what is open with `cancelled`) when destroyed. `invalid`: the TLS files.
Result<std::unique_ptr<HttpEngine>> make_engine(const EngineOptions& options);

}  // namespace sluice
