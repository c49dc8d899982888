#include "http/resolver.h"

#include <arpa/inet.h>
#include <netdb.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <string_view>

#include "base/signals.h"

namespace sluice {

namespace {

Result<std::vector<Address>> ask_system(const std::string& host, uint16_t port, int flags) {
  addrinfo hints = {};
  hints.ai_family = AF_UNSPEC;
  hints.ai_socktype = SOCK_STREAM;
  hints.ai_flags = flags | AI_NUMERICSERV;
  addrinfo* found = nullptr;
  const int failed = ::getaddrinfo(host.c_str(), std::to_string(port).c_str(), &hints, &found);
  if (failed != 0) {
    const bool nobody = failed == EAI_NONAME || failed == EAI_FAIL;
    return Error{nobody ? ErrorKind::invalid : ErrorKind::transient,
                 "no address for the name \"" + host + "\": " + ::gai_strerror(failed) +
                     (nobody ? "; is it spelled right, and known to this machine's DNS?" : "")};
  }
  std::vector<Address> addresses;
  for (const addrinfo* one = found; one != nullptr; one = one->ai_next) {
    Address address;
    std::memcpy(&address.storage, one->ai_addr, one->ai_addrlen);
    address.bytes = one->ai_addrlen;
    if (std::find(addresses.begin(), addresses.end(), address) == addresses.end())
      addresses.push_back(address);
  }
  ::freeaddrinfo(found);
  return addresses;
}

// https://www.rfc-editor.org/rfc/rfc6761#section-6.3: these names mean this machine, whatever its
// hosts file says. In small containers there is none.
bool is_localhost(std::string_view host) {
  return host == "localhost" || host.ends_with(".localhost");
}

Result<std::vector<Address>> addresses_of(const std::string& host, uint16_t port) {
  auto found = ask_system(host, port, AI_ADDRCONFIG);
  if (found.ok() || !is_localhost(host)) return found;
  std::vector<Address> loopback = numeric_address("127.0.0.1", port);
  for (Address& address : numeric_address("::1", port)) loopback.push_back(address);
  return loopback;
}

}  // namespace

bool Address::operator==(const Address& other) const {
  return bytes == other.bytes && std::memcmp(&storage, &other.storage, bytes) == 0;
}

std::string Address::text() const {
  std::array<char, INET6_ADDRSTRLEN> host{};
  if (storage.ss_family == AF_INET6) {
    const auto* v6 = reinterpret_cast<const sockaddr_in6*>(&storage);
    ::inet_ntop(AF_INET6, &v6->sin6_addr, host.data(), host.size());
    return "[" + std::string(host.data()) + "]:" + std::to_string(ntohs(v6->sin6_port));
  }
  const auto* v4 = reinterpret_cast<const sockaddr_in*>(&storage);
  ::inet_ntop(AF_INET, &v4->sin_addr, host.data(), host.size());
  return std::string(host.data()) + ":" + std::to_string(ntohs(v4->sin_port));
}

std::vector<Address> numeric_address(const std::string& host, uint16_t port) {
  auto found = ask_system(host, port, AI_NUMERICHOST);
  return found.ok() ? std::move(*found) : std::vector<Address>();
}

Resolver::~Resolver() {
  {
    const std::lock_guard lock(mutex_);
    ends_ = true;
  }
  changed_.notify_one();
  if (thread_.joinable()) thread_.join();
}

void Resolver::resolve(std::string host, uint16_t port, Answered answered) {
  const std::lock_guard lock(mutex_);
  questions_.push_back({std::move(host), port, std::move(answered)});
  if (!thread_.joinable()) thread_ = std::thread([this] { run(); });
  changed_.notify_one();
}

void Resolver::run() {
  leave_signals_to_others();
  std::unique_lock lock(mutex_);
  while (true) {
    changed_.wait(lock, [&] { return ends_ || !questions_.empty(); });
    if (ends_) return;
    const Question question = std::move(questions_.front());
    questions_.pop_front();
    lock.unlock();
    question.answered(addresses_of(question.host, question.port));
    lock.lock();
  }
}

}  // namespace sluice
