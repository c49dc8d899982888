// The yardstick: epoll, one thread, requests made beforehand, an answer parsed for its status and
// its Content-Length. No signature, no timeout, no retry but of a 503, at once.
#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <openssl/ssl.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <charconv>
#include <cstring>
#include <deque>

#include "http_clients.h"

namespace sluice::bench {
namespace {

class BareClient : public HttpClient {
 public:
  explicit BareClient(const Work& work) : epoll_(epoll_create1(EPOLL_CLOEXEC)) {
    for (const std::string& target : work.targets) requests_.push_back(request_of(work, target));
    if (!work.ca_file.empty()) make_tls(work.ca_file);
    for (uint32_t i = 0; i < work.connections; ++i) connect(work.port);
  }
  ~BareClient() override {
    for (const Connection& one : connections_) {
      SSL_free(one.tls);
      close(one.fd);
    }
    SSL_CTX_free(tls_);
    close(epoll_);
  }

  Done run(uint64_t requests) override {
    done_ = {};
    to_start_ = requests;
    for (Connection& one : connections_) next(one);
    std::array<epoll_event, 256> events;
    while (done_.good < requests) {
      const int count = epoll_wait(epoll_, events.data(), events.size(), -1);
      for (int i = 0; i < count; ++i) {
        auto& connection = *static_cast<Connection*>(events[i].data.ptr);
        if (connection.is_open) go_on(connection);
      }
    }
    return done_;
  }

 private:
  struct Connection {
    int fd = -1;
    SSL* tls = nullptr;
    bool is_open = false;  // Carries a request
    size_t request = 0, sent = 0;
    size_t got = 0;      // Of the head, in `room`
    int status = 0;      // 0: the head isn't whole
    size_t to_come = 0;  // Of the body
    std::array<char, 16 << 10> room;
  };

  static std::string request_of(const Work& work, const std::string& target) {
    std::string text = (work.is_put ? "PUT " : "GET ") + target +
                       " HTTP/1.1\r\nHost: 127.0.0.1:" + std::to_string(work.port) + "\r\n";
    if (work.is_put) text += "Content-Length: " + std::to_string(work.body.size()) + "\r\n";
    return text + "\r\n" + work.body;
  }

  void make_tls(const std::string& ca_file) {
    tls_ = SSL_CTX_new(TLS_client_method());
    SSL_CTX_set_verify(tls_, SSL_VERIFY_PEER, nullptr);
    SSL_CTX_set_read_ahead(tls_, 1);
    if (SSL_CTX_load_verify_locations(tls_, ca_file.c_str(), nullptr) != 1) fail(ca_file);
  }

  // Blocking; then the socket is one of the loop's.
  void connect(uint16_t port) {
    Connection& one = connections_.emplace_back();
    one.fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, IPPROTO_TCP);
    const int on = 1;
    setsockopt(one.fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(port)};
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (::connect(one.fd, reinterpret_cast<sockaddr*>(&address), sizeof address) != 0)
      fail(std::string("connect: ") + std::strerror(errno));
    if (tls_ != nullptr) {
      one.tls = SSL_new(tls_);
      SSL_set_fd(one.tls, one.fd);
      if (SSL_connect(one.tls) != 1) fail("the TLS handshake failed");
    }
    fcntl(one.fd, F_SETFL, fcntl(one.fd, F_GETFL) | O_NONBLOCK);
    epoll_event event = {.events = EPOLLIN | EPOLLOUT | EPOLLET, .data = {.ptr = &one}};
    epoll_ctl(epoll_, EPOLL_CTL_ADD, one.fd, &event);
  }

  void next(Connection& one) {
    one.is_open = to_start_ > 0;
    if (!one.is_open) return;
    --to_start_;
    one.request = at_++ % requests_.size();
    send(one);
  }
  void send(Connection& one) {
    one.sent = one.got = one.to_come = 0;
    one.status = 0;
    write_rest(one);
  }

  void write_rest(Connection& one) {
    const std::string& text = requests_[one.request];
    const ssize_t wrote =
        one.tls != nullptr
            ? SSL_write(one.tls, text.data() + one.sent, static_cast<int>(text.size() - one.sent))
            : ::send(one.fd, text.data() + one.sent, text.size() - one.sent, MSG_NOSIGNAL);
    if (wrote > 0) one.sent += static_cast<size_t>(wrote);
  }

  void go_on(Connection& one) {
    if (one.sent < requests_[one.request].size()) write_rest(one);
    while (true) {
      char* to = one.room.data() + (one.status == 0 ? one.got : 0);
      const size_t room = one.room.size() - static_cast<size_t>(to - one.room.data());
      const ssize_t read = one.tls != nullptr ? SSL_read(one.tls, to, static_cast<int>(room))
                                              : ::recv(one.fd, to, room, 0);
      if (read == 0) fail("the server closed a connection");
      if (read < 0) {
        const bool blocked = one.tls != nullptr ? SSL_get_error(one.tls, static_cast<int>(read)) ==
                                                      SSL_ERROR_WANT_READ
                                                : errno == EAGAIN;
        if (blocked) return;
        fail("a connection broke");
      }
      if (took(one, static_cast<size_t>(read))) return;
    }
  }

  // True: the answer is whole, and the connection goes on with another, or rests.
  bool took(Connection& one, size_t bytes) {
    if (one.status == 0) {
      one.got += bytes;
      const std::string_view text(one.room.data(), one.got);
      const size_t end = text.find("\r\n\r\n");
      if (end == text.npos) return false;
      std::from_chars(text.data() + 9, text.data() + 12, one.status);
      const size_t length = text.substr(0, end).find("Content-Length: ");
      if (length == text.npos) fail("an answer without Content-Length");
      size_t body = 0;
      std::from_chars(text.data() + length + 16, text.data() + end, body);
      bytes = one.got - end - 4;
      one.to_come = body;
      if (one.status == 200) done_.bytes += body;
    }
    one.to_come -= bytes;
    if (one.to_come > 0) return false;
    if (one.status == 503) {
      ++done_.refused;
      send(one);
      return true;
    }
    if (one.status != 200) fail("status " + std::to_string(one.status));
    ++done_.good;
    next(one);
    return true;
  }

  const int epoll_;
  SSL_CTX* tls_ = nullptr;
  std::vector<std::string> requests_;
  std::deque<Connection> connections_;  // Never move
  size_t at_ = 0;
  uint64_t to_start_ = 0;
  Done done_;
};

}  // namespace

std::unique_ptr<HttpClient> make_bare_client(const Work& work) {
  return std::make_unique<BareClient>(work);
}

}  // namespace sluice::bench
