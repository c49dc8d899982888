// One connection: reads a request, has it handled, waits as told, writes the answer, and again.
// Belongs to one loop and its thread.
#pragma once

#include <cstdint>
#include <memory>

#include "base/buffer.h"
#include "base/clock.h"
#include "http_server/http_server.h"

namespace sluice::http_server {

// What a connection asks of its loop.
class ConnectionLoop {
 public:
  virtual ~ConnectionLoop() = default;
  virtual void watch(int socket, uint32_t events) = 0;
  // Connection::on_timer(turn) is called then, if the connection is still there.
  virtual void wake_at(Instant when, int socket, uint64_t serial, uint64_t turn) = 0;
};

class Connection {
 public:
  Connection(int socket, uint64_t serial, std::unique_ptr<Transport> transport, Handler& handler,
             ConnectionLoop& loop, const HttpServerOptions& options);
  ~Connection();
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  // These answer whether the connection goes on; if not, the loop destroys it.
  bool on_events(uint32_t events);
  bool on_timer(uint64_t turn);
  uint64_t serial() const { return serial_; }

 private:
  enum class State : uint8_t { head, body, waiting, writing, silent };

  bool read();
  bool read_some(bool& again);
  bool advance();
  bool begin_request();
  bool answer_request();
  bool write();
  bool finish_answer(bool whole);
  void next_request();
  void watch(bool readable, bool writable);
  void wait_until(Instant when);
  void pause(uint64_t bytes, uint64_t rate);
  void refuse_and_close(std::string_view status_line);

  const int socket_;
  const uint64_t serial_;
  const std::unique_ptr<Transport> transport_;
  Handler& handler_;
  ConnectionLoop& loop_;
  const HttpServerOptions& options_;

  State state_ = State::head;
  bool is_used_ = false, is_open_request_ = false;  // By requests that count
  bool watches_write_ = false, watches_read_ = true, is_read_paused_ = false;
  uint64_t turn_ = 0;  // Only the timer of the latest wait counts.
  Instant paced_until_;
  Buffer in_;  // From the head of the request at work on
  size_t head_bytes_ = 0;
  HttpRequest request_;
  HttpAnswer answer_;
  uint64_t written_ = 0;  // Of head and body together
};

}  // namespace sluice::http_server
