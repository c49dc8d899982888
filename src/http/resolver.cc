#include "http/resolver.h"

#include <arpa/inet.h>
#include <netdb.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <deque>
#include <mutex>
#include <system_error>
#include <thread>

#include "base/no_thread.h"
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

Result<std::vector<Address>> addresses_of(const std::string& host, uint16_t port) {
  auto found = ask_system(host, port, AI_ADDRCONFIG);
  if (found.ok() || !is_localhost(host)) return found;
  std::vector<Address> loopback = numeric_address("127.0.0.1", port);
  for (Address& address : numeric_address("::1", port)) loopback.push_back(address);
  return loopback;
}

}  // namespace

bool is_localhost(std::string_view host) {
  return host == "localhost" || host.ends_with(".localhost");
}

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

struct Resolver::Shared {
  struct Question {
    std::string host;
    uint16_t port;
    Answered answered;
  };
  // More names than these are hardly slow at once.
  static constexpr size_t threads_max = 16;

  // Answers what is asked until nothing is left.
  static void run(const std::shared_ptr<Shared>& shared);
  void answer(const Question& question, Result<std::vector<Address>> addresses) {
    if (!ends) question.answered(std::move(addresses));
  }

  std::mutex mutex;
  // Guarded by mutex; also while somebody is answered, so that nobody is after the end.
  std::deque<Question> questions;
  size_t threads = 0;
  bool ends = false;
};

Resolver::Resolver() : shared_(std::make_shared<Shared>()) {}

Resolver::~Resolver() {
  const std::lock_guard lock(shared_->mutex);
  shared_->ends = true;
  shared_->questions.clear();
}

void Resolver::resolve(std::string host, uint16_t port, Answered answered) {
  const std::lock_guard lock(shared_->mutex);
  shared_->questions.push_back({std::move(host), port, std::move(answered)});
  if (shared_->threads == Shared::threads_max) return;
  try {
    std::thread([shared = shared_] { Shared::run(shared); }).detach();
    ++shared_->threads;
  } catch (const std::system_error& error) {
    if (shared_->threads > 0) return;  // Whoever is there takes it over.
    shared_->answer(shared_->questions.back(), no_thread(error));
    shared_->questions.pop_back();
  }
}

void Resolver::Shared::run(const std::shared_ptr<Shared>& shared) {
  leave_signals_to_others();
  std::unique_lock lock(shared->mutex);
  while (!shared->questions.empty()) {
    const Question question = std::move(shared->questions.front());
    shared->questions.pop_front();
    lock.unlock();
    auto addresses = addresses_of(question.host, question.port);
    lock.lock();
    shared->answer(question, std::move(addresses));
  }
  --shared->threads;
}

}  // namespace sluice
