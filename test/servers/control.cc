#include "servers/control.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "base/text.h"

namespace sluice {
namespace {

constexpr int silence_seconds_max = 5;
constexpr size_t answer_bytes_max = 1 << 20;

sockaddr_in loopback(uint16_t port) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  return address;
}

class Socket {
 public:
  Socket() : fd_(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {}
  ~Socket() {
    if (fd_ >= 0) close(fd_);
  }
  Socket(const Socket&) = delete;
  Socket& operator=(const Socket&) = delete;
  int get() const { return fd_; }

 private:
  const int fd_;
};

Error lost(std::string_view what) {
  return Error{ErrorKind::transient, std::string(what) + ": " + std::strerror(errno)};
}

Result<std::string> round_trip(uint16_t port, std::string_view request) {
  const Socket socket;
  const timeval silence = {silence_seconds_max, 0};
  setsockopt(socket.get(), SOL_SOCKET, SO_RCVTIMEO, &silence, sizeof silence);
  setsockopt(socket.get(), SOL_SOCKET, SO_SNDTIMEO, &silence, sizeof silence);
  const sockaddr_in address = loopback(port);
  if (connect(socket.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) {
    return lost("connect");
  }
  while (!request.empty()) {
    const ssize_t sent = send(socket.get(), request.data(), request.size(), MSG_NOSIGNAL);
    if (sent <= 0) return lost("send");
    request.remove_prefix(static_cast<size_t>(sent));
  }
  std::string answer;
  char buffer[4096];
  while (answer.size() < answer_bytes_max) {
    const ssize_t got = recv(socket.get(), buffer, sizeof buffer, 0);
    if (got < 0) return lost("receive");
    if (got == 0) break;
    answer.append(buffer, static_cast<size_t>(got));
  }
  return answer;
}

}  // namespace

Result<ControlAnswer> control(uint16_t port, std::string_view method, std::string_view path,
                              std::string_view body) {
  std::string request = std::string(method) + " " + std::string(path) +
                        " HTTP/1.0\r\nHost: 127.0.0.1:" + std::to_string(port) +
                        "\r\nContent-Type: application/json\r\n" +
                        "Connection: close\r\nContent-Length: " + std::to_string(body.size()) +
                        "\r\n\r\n" + std::string(body);
  const std::string what = std::string(method) + " " + std::string(path);
  const std::string answer = TRY_IN(round_trip(port, request), what);
  // HTTP/1.1 200 OK
  const std::string_view head = std::string_view(answer).substr(0, answer.find("\r\n"));
  const std::optional<int> status =
      head.size() >= 12 ? parse_number<int>(head.substr(9, 3)) : std::nullopt;
  const size_t end = answer.find("\r\n\r\n");
  if (!status || end == answer.npos) {
    return Error{ErrorKind::transient, what + ": no whole HTTP answer: " + excerpt(answer)};
  }
  return ControlAnswer{*status, answer.substr(end + 4)};
}

uint16_t free_port() {
  const Socket socket;
  sockaddr_in address = loopback(0);
  socklen_t size = sizeof address;
  if (bind(socket.get(), reinterpret_cast<const sockaddr*>(&address), size) != 0 ||
      getsockname(socket.get(), reinterpret_cast<sockaddr*>(&address), &size) != 0) {
    return 0;
  }
  return ntohs(address.sin_port);
}

}  // namespace sluice
