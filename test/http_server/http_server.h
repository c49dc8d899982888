// An HTTP/1.1 server on the loopback: one epoll loop a thread, connections kept alive, answers
// delayed by timers, slowed down, cut short or never given where the answer says so. What is
// answered is the Handler's.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>

#include "base/result.h"
#include "http_server/http_message.h"
#include "http_server/transport.h"

namespace sluice::http_server {

// Called on the threads of the loops, several at once if there are several.
class Handler {
 public:
  virtual ~Handler() = default;
  // The request is whole; `answer` is clear.
  virtual void handle(HttpRequest& request, HttpAnswer& answer) = 0;

  // What counters want to know; nothing of this for control. A request is open from its head until
  // its answer is out, the connection is lost, or it has been reset.
  virtual void connection_used() = 0;    // Its first request has come
  virtual void connection_closed() = 0;  // One that was used
  virtual void request_opened(size_t head_bytes, uint64_t body_bytes) = 0;
  // `sent_whole`: every byte has been handed to the system.
  virtual void request_closed(const HttpAnswer& answer, uint64_t bytes_sent, bool sent_whole) = 0;
};

struct HttpServerOptions {
  uint16_t port = 0;
  int threads = 1;
  uint64_t bytes_per_second = 0;  // Of each connection, each way; 0: as fast as it goes
  TlsServer* tls = nullptr;       // Null: in the clear. Must outlive the server.
  // Paths below this are for the test that runs the server, not for its clients. Constant text.
  std::string_view control_path = "/-control-/";
  std::string_view name = "fake";  // As the header Server says it. Constant text.
};

class HttpServer {
 public:
  // Listens when it returns. `make_handler` is called once for each thread, before it starts.
  static Result<std::unique_ptr<HttpServer>> listen(
      const HttpServerOptions& options,
      const std::function<std::unique_ptr<Handler>()>& make_handler);
  virtual ~HttpServer() = default;
  virtual uint16_t port() const = 0;
  // Serves until `stop` is set and the eventfd `wake` written to.
  virtual void serve(const std::atomic<bool>& stop, int wake) = 0;
};

}  // namespace sluice::http_server
