// Four HTTP clients that do the same small requests for http_bench: a bare epoll loop, the engine
// with signatures, the store over it, and libcurl where it is installed. Each keeps so many
// requests in flight, one to a connection, and keeps its connections from one run to the next.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "base/clock.h"

namespace sluice::bench {

struct Work {
  bool is_put = false;
  uint16_t port = 0;                 // On 127.0.0.1
  std::string ca_file = {};          // PEM; empty: plain HTTP
  std::vector<std::string> targets;  // "/bucket/key", taken in turn
  std::string body = {};             // Of a PUT
  uint32_t connections = 64;
  uint32_t threads = 1;      // Of the engine, shards
  uint64_t range_bytes = 0;  // The store: GETs of the first target in such pieces
  uint64_t object_bytes = 0;

  std::string origin() const {
    return (ca_file.empty() ? "http://127.0.0.1:" : "https://127.0.0.1:") + std::to_string(port);
  }
};

struct Done {
  uint64_t good = 0;
  uint64_t refused = 0;  // 503, each asked again at once
  uint64_t bytes = 0;    // Of bodies
};

class HttpClient {
 public:
  virtual ~HttpClient() = default;
  // So many requests to their end. Prints and exits if one fails for good.
  virtual Done run(uint64_t requests) = 0;
};

std::unique_ptr<HttpClient> make_bare_client(const Work& work);
std::unique_ptr<HttpClient> make_engine_client(const Work& work);
std::unique_ptr<HttpClient> make_store_client(const Work& work);
std::unique_ptr<HttpClient> make_curl_client(const Work& work);  // Null where it isn't installed

[[noreturn]] void fail(const std::string& why);

}  // namespace sluice::bench
