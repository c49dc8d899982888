// A server on loopback that does what a test says with each connection: a thread for each, blocking
// calls. Test code.
#pragma once

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <openssl/ssl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <atomic>
#include <cstring>
#include <functional>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "base/result.h"

namespace sluice {

class Peer {
 public:
  Peer(int fd, int number, SSL* tls) : number(number), fd_(fd), tls_(tls) {}
  // Head and body (by Content-Length) of the next request; empty at the end of the connection.
  std::string request() {
    std::string got = std::move(left_);
    left_.clear();
    while (true) {
      if (const size_t head = got.find("\r\n\r\n"); head != std::string::npos) {
        const size_t at = got.find("Content-Length: ");
        const size_t body =
            at == std::string::npos || at > head ? 0 : std::stoul(got.substr(at + 16));
        if (got.size() >= head + 4 + body) {
          left_ = got.substr(head + 4 + body);
          return got.substr(0, head + 4 + body);
        }
      }
      char bytes[65536];
      const ssize_t n = tls_ != nullptr ? SSL_read(tls_, bytes, sizeof bytes)
                                        : ::recv(fd_, bytes, sizeof bytes, 0);
      if (n <= 0) return {};
      got.append(bytes, n);
    }
  }
  void say(std::string_view bytes) {
    while (!bytes.empty()) {
      const ssize_t n = tls_ != nullptr
                            ? SSL_write(tls_, bytes.data(), static_cast<int>(bytes.size()))
                            : ::send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
      if (n <= 0) return;
      bytes.remove_prefix(n);
    }
  }
  // Whatever comes next, of any protocol; empty at the end of the connection.
  std::string bytes() {
    if (!left_.empty()) return std::exchange(left_, {});
    char some[65536];
    const ssize_t n =
        tls_ != nullptr ? SSL_read(tls_, some, sizeof some) : ::recv(fd_, some, sizeof some, 0);
    return n <= 0 ? std::string() : std::string(some, n);
  }
  void answer(std::string_view body, std::string_view status = "200 OK") {
    say("HTTP/1.1 " + std::string(status) + "\r\nContent-Length: " + std::to_string(body.size()) +
        "\r\n\r\n" + std::string(body));
  }
  // Over TLS: the orderly end, close_notify, which a server that just hangs up doesn't send.
  void say_goodbye() { SSL_shutdown(tls_); }
  void reset() {
    const linger now{1, 0};
    ::setsockopt(fd_, SOL_SOCKET, SO_LINGER, &now, sizeof now);
  }
  const int number;  // Of the connection, from 1

 private:
  int fd_;
  SSL* tls_;
  std::string left_;
};

class TestServer {
 public:
  using Serve = std::function<void(Peer&)>;
  // With a context: over TLS.
  explicit TestServer(Serve serve, SSL_CTX* tls = nullptr) : serve_(std::move(serve)), tls_(tls) {
    listener_ = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in address = {};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    ENSURE(::bind(listener_, reinterpret_cast<sockaddr*>(&address), sizeof address) == 0);
    ENSURE(::listen(listener_, 512) == 0);
    socklen_t bytes = sizeof address;
    ::getsockname(listener_, reinterpret_cast<sockaddr*>(&address), &bytes);
    port_ = ntohs(address.sin_port);
    acceptor_ = std::thread([this] { accept_all(); });
  }
  ~TestServer() {
    ::shutdown(listener_, SHUT_RDWR);
    acceptor_.join();
    ::close(listener_);
    for (const int fd : open_) ::shutdown(fd, SHUT_RDWR);
    for (std::thread& one : threads_) one.join();
    for (const int fd : open_) ::close(fd);
  }
  std::string url(std::string_view target = "/") const {
    return (tls_ != nullptr ? "https" : "http") + std::string("://127.0.0.1:") +
           std::to_string(port_) + std::string(target);
  }
  uint16_t port() const { return port_; }
  int connections() const { return count_.load(); }

 private:
  void accept_all() {
    while (true) {
      const int fd = ::accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
      if (fd < 0) return;
      const int number = ++count_, on = 1;
      ::setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);  // What is said goes out at once.
      open_.push_back(fd);
      threads_.emplace_back([this, fd, number] {
        SSL* tls = nullptr;
        if (tls_ != nullptr) {
          tls = SSL_new(tls_);
          SSL_set_fd(tls, fd);
        }
        if (tls == nullptr || SSL_accept(tls) == 1) {
          Peer peer(fd, number, tls);
          serve_(peer);
        }
        SSL_free(tls);
        // RST where the peer asked for it (linger 0 acts at the last close), FIN elsewhere.
        linger how = {};
        socklen_t bytes = sizeof how;
        ::getsockopt(fd, SOL_SOCKET, SO_LINGER, &how, &bytes);
        if (how.l_onoff != 0) {
          sockaddr unspecified = {};
          unspecified.sa_family = AF_UNSPEC;
          ::connect(fd, &unspecified, sizeof unspecified);  // Disconnects with a reset
        } else {
          ::shutdown(fd, SHUT_RDWR);
        }
      });
    }
  }
  Serve serve_;
  SSL_CTX* tls_;
  int listener_ = -1;
  uint16_t port_ = 0;
  std::atomic<int> count_{0};
  std::vector<int> open_;             // The acceptor's, then the destructor's
  std::vector<std::thread> threads_;  // The same
  std::thread acceptor_;
};

}  // namespace sluice
