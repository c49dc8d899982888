#include "http_server/http_server.h"

#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <queue>
#include <thread>
#include <vector>

#include "http_server/connection.h"

namespace sluice::http_server {
namespace {

constexpr int backlog = 4096;
constexpr int events_at_once = 256;

Error system_error(std::string_view what) {
  return {ErrorKind::invalid, std::string(what) + ": " + std::strerror(errno)};
}

struct Timer {
  Instant when;
  int socket;
  uint64_t serial, turn;
  bool operator>(const Timer& other) const { return when > other.when; }
};

class Loop : public ConnectionLoop {
 public:
  Loop(int listener, const HttpServerOptions& options, std::unique_ptr<Handler> handler)
      : listener_(listener),
        options_(options),
        epoll_(epoll_create1(EPOLL_CLOEXEC)),
        handler_(std::move(handler)) {
    add(listener_);
  }
  ~Loop() override {
    connections_.clear();
    close(epoll_);
    close(listener_);
  }

  void serve(const std::atomic<bool>& stop, int wake) {
    add(wake);
    std::array<epoll_event, events_at_once> events;
    while (!stop.load(std::memory_order_relaxed)) {
      const int count = wait(events.data());
      for (int i = 0; i < count; ++i) {
        const int socket = events[static_cast<size_t>(i)].data.fd;
        if (socket == listener_) {
          accept_all();
        } else if (Connection* connection = find(socket)) {
          if (!connection->on_events(events[static_cast<size_t>(i)].events)) drop(socket);
        }
      }
      fire_timers();
    }
  }

  void watch(int socket, uint32_t events) override {
    epoll_event event{};
    event.events = events;
    event.data.fd = socket;
    epoll_ctl(epoll_, EPOLL_CTL_MOD, socket, &event);
  }
  void wake_at(Instant when, int socket, uint64_t serial, uint64_t turn) override {
    timers_.push({when, socket, serial, turn});
  }

 private:
  void add(int socket) {
    epoll_event event{};
    event.events = EPOLLIN;
    event.data.fd = socket;
    epoll_ctl(epoll_, EPOLL_CTL_ADD, socket, &event);
  }

  // Until something happens or the next timer is due; to the microsecond, for latencies of a few
  // milliseconds are to be what they say.
  int wait(epoll_event* events) {
    if (timers_.empty()) return epoll_pwait2(epoll_, events, events_at_once, nullptr, nullptr);
    const Nanoseconds left = std::max<Nanoseconds>(timers_.top().when - now(), 0);
    const timespec timeout{left / 1'000'000'000, left % 1'000'000'000};
    return epoll_pwait2(epoll_, events, events_at_once, &timeout, nullptr);
  }

  void fire_timers() {
    if (timers_.empty()) return;
    const Instant at = now();
    while (!timers_.empty() && timers_.top().when <= at) {
      const Timer timer = timers_.top();
      timers_.pop();
      Connection* connection = find(timer.socket);
      if (connection == nullptr || connection->serial() != timer.serial) continue;
      if (!connection->on_timer(timer.turn)) drop(timer.socket);
    }
  }

  void accept_all() {
    for (;;) {
      const int socket = accept4(listener_, nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC);
      if (socket < 0) return;
      const int on = 1;
      setsockopt(socket, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
      auto transport =
          options_.tls == nullptr ? make_plain_transport(socket) : options_.tls->accept(socket);
      if (connections_.size() <= static_cast<size_t>(socket)) {
        connections_.resize(static_cast<size_t>(socket) + 64);
      }
      connections_[static_cast<size_t>(socket)] = std::make_unique<Connection>(
          socket, ++serial_, std::move(transport), *handler_, *this, options_);
      add(socket);
    }
  }

  Connection* find(int socket) {
    return static_cast<size_t>(socket) < connections_.size()
               ? connections_[static_cast<size_t>(socket)].get()
               : nullptr;
  }
  void drop(int socket) { connections_[static_cast<size_t>(socket)].reset(); }

  const int listener_;
  const HttpServerOptions options_;
  const int epoll_;
  const std::unique_ptr<Handler> handler_;
  std::vector<std::unique_ptr<Connection>> connections_;  // By socket
  std::priority_queue<Timer, std::vector<Timer>, std::greater<>> timers_;
  uint64_t serial_ = 0;
};

class LoopbackServer : public HttpServer {
 public:
  LoopbackServer(uint16_t port, std::vector<std::unique_ptr<Loop>> loops)
      : port_(port), loops_(std::move(loops)) {}
  uint16_t port() const override { return port_; }
  void serve(const std::atomic<bool>& stop, int wake) override {
    std::vector<std::jthread> threads;
    for (size_t i = 1; i < loops_.size(); ++i) {
      threads.emplace_back([this, i, &stop, wake] { loops_[i]->serve(stop, wake); });
    }
    loops_[0]->serve(stop, wake);
  }

 private:
  const uint16_t port_;
  const std::vector<std::unique_ptr<Loop>> loops_;
};

// Several may listen on one port; the kernel spreads the connections over them.
Result<int> listen_on(uint16_t& port, bool shared) {
  const int socket = ::socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (socket < 0) return system_error("socket");
  const int on = 1;
  setsockopt(socket, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  if (shared) setsockopt(socket, SOL_SOCKET, SO_REUSEPORT, &on, sizeof on);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof address;
  if (bind(socket, reinterpret_cast<sockaddr*>(&address), size) != 0 ||
      ::listen(socket, backlog) != 0 ||
      getsockname(socket, reinterpret_cast<sockaddr*>(&address), &size) != 0) {
    Error error = system_error("127.0.0.1:" + std::to_string(port));
    close(socket);
    return error;
  }
  port = ntohs(address.sin_port);
  return socket;
}

}  // namespace

Result<std::unique_ptr<HttpServer>> HttpServer::listen(
    const HttpServerOptions& options,
    const std::function<std::unique_ptr<Handler>()>& make_handler) {
  uint16_t port = options.port;
  std::vector<std::unique_ptr<Loop>> loops;
  for (int i = 0; i < options.threads; ++i) {
    const int listener = TRY(listen_on(port, options.threads > 1));
    loops.push_back(std::make_unique<Loop>(listener, options, make_handler()));
  }
  return std::unique_ptr<HttpServer>(std::make_unique<LoopbackServer>(port, std::move(loops)));
}

}  // namespace sluice::http_server
