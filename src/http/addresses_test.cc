// A name with several addresses. No machine has one that a test could rely on, so the system's
// getaddrinfo is asked by way of one of our own, which knows such names.
#include "http/addresses.h"

#include <dlfcn.h>
#include <doctest/doctest.h>
#include <netdb.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <memory>
#include <string>
#include <string_view>
#include <thread>

#include "http/engine.h"
#include "http/server_for_tests.h"

namespace {

using Ask = int (*)(const char*, const char*, const addrinfo*, addrinfo**);

// "127.0.0.9+127.0.0.1.test" has these two, in this order; "slow.test" has none, and that takes
// three seconds. In a host, "_" stands for the colon of IPv6.
constexpr std::string_view ending = ".test";

}  // namespace

extern "C" int getaddrinfo(const char* host, const char* port, const addrinfo* hints,
                           addrinfo** found) {
  static const Ask ask = reinterpret_cast<Ask>(::dlsym(RTLD_NEXT, "getaddrinfo"));
  std::string names = host == nullptr ? "" : host;
  if (!names.ends_with(ending)) return ask(host, port, hints, found);
  if ((hints->ai_flags & AI_NUMERICHOST) != 0) return EAI_NONAME;
  if (names.starts_with("slow")) {
    std::this_thread::sleep_for(std::chrono::seconds(3));
    return EAI_AGAIN;
  }
  names.resize(names.size() - ending.size());
  std::replace(names.begin(), names.end(), '_', ':');
  addrinfo numeric = *hints;
  numeric.ai_flags = AI_NUMERICHOST;  // Of families, too, that this machine has no way to
  addrinfo** end = found;
  for (size_t at = 0; at <= names.size();) {
    const size_t plus = std::min(names.find('+', at), names.size());
    const int failed = ask(names.substr(at, plus - at).c_str(), port, &numeric, end);
    if (failed != 0) return failed;
    while (*end != nullptr) end = &(*end)->ai_next;
    at = plus + 1;
  }
  return 0;
}

namespace sluice {

namespace {

std::unique_ptr<HttpEngine> engine() {
  auto made = make_engine({.shards = 1, .connect_within = 2_s});
  REQUIRE(made.ok());
  return std::move(*made);
}
std::string url(std::string_view addresses, const TestServer& server) {
  return "http://" + std::string(addresses) + std::string(ending) + ":" +
         std::to_string(server.port()) + "/";
}
void echo(Peer& peer) {
  for (std::string request; !(request = peer.request()).empty();) peer.answer(request);
}

}  // namespace

TEST_CASE("of a name's addresses one that refuses is passed over for the next") {
  TestServer server(echo);  // On 127.0.0.1 alone: nobody listens on the others.
  const auto one = engine();
  for (const char* addresses :
       {"127.0.0.9+127.0.0.1", "127.0.0.1+127.0.0.9", "127.0.0.9+127.0.0.8+127.0.0.1"}) {
    for (int i = 0; i < 6; ++i) {
      const auto got = call(*one, {.url = url(addresses, server), .fresh_connection = true});
      CHECK_MESSAGE(got.ok(), got.error().message);
    }
  }
}

TEST_CASE("where all addresses of a name refuse the error says so") {
  TestServer server(echo);
  const auto one = engine();
  const auto got = call(*one, {.url = url("127.0.0.9+127.0.0.8", server)});
  REQUIRE_FALSE(got.ok());
  CHECK(got.error().kind == ErrorKind::transient);
  CHECK_MESSAGE(got.error().message.find("refused") != std::string::npos, got.error().message);
}

TEST_CASE("an address that can't be reached at all costs no time: connect() says so") {
  TestServer server(echo);
  const auto one = engine();
  // Of documentation (RFC 3849, 5737): there is no way there, or nobody answers.
  for (const char* addresses : {"2001_db8__1+127.0.0.1", "2001_db8__1+2001_db8__2+127.0.0.1"}) {
    const Instant began = now();
    CHECK(call(*one, {.url = url(addresses, server)}).ok());
    CHECK(now() - began < 1500_ms);
  }
}

namespace {

// Somebody who doesn't answer: a listener whose queue is full drops whoever comes.
struct Silent {
  explicit Silent(const char* host, uint16_t port) {
    sockaddr_in address = {};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    ::inet_pton(AF_INET, host, &address.sin_addr);
    for (int& fd : fds) fd = ::socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    const int on = 1;
    ::setsockopt(fds[0], SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    ENSURE(::bind(fds[0], reinterpret_cast<sockaddr*>(&address), sizeof address) == 0);
    ENSURE(::listen(fds[0], 0) == 0);
    for (size_t i = 1; i < fds.size(); ++i)
      ::connect(fds[i], reinterpret_cast<sockaddr*>(&address), sizeof address);
    std::this_thread::sleep_for(std::chrono::milliseconds(50));
  }
  ~Silent() {
    for (const int fd : fds) ::close(fd);
  }
  std::array<int, 6> fds = {};
};

}  // namespace

TEST_CASE("an address that doesn't answer is overtaken by the next, and then left alone") {
  TestServer server(echo);
  const Silent silent("127.0.0.9", server.port());
  for (const char* addresses : {"127.0.0.9+127.0.0.1", "127.0.0.1+127.0.0.9"}) {
    const auto one = engine();
    for (int i = 0; i < 5; ++i) {
      const Instant began = now();
      const auto got = call(*one, {.url = url(addresses, server), .fresh_connection = true});
      CHECK_MESSAGE(got.ok(), got.error().message);
      CHECK(now() - began < (i == 0 ? 1500_ms : 200_ms));
    }
  }
}

TEST_CASE("where no address answers the error comes after one wait, not after one for each") {
  TestServer server(echo);
  const Silent one("127.0.0.9", server.port()), other("127.0.0.8", server.port());
  auto made = make_engine({.shards = 1, .connect_within = 600_ms});
  REQUIRE(made.ok());
  const Instant began = now();
  const auto got = call(**made, {.url = url("127.0.0.9+127.0.0.8", server)});
  REQUIRE_FALSE(got.ok());
  CHECK(got.error().message.find("no answer within") != std::string::npos);
  CHECK(now() - began < 1500_ms);
}

TEST_CASE("a name that is slow to be found holds up no other, and not the end") {
  TestServer server(echo);
  const Instant began = now();
  {
    const auto one = engine();
    struct Ignored : Exchange {
      HttpRequest asked{.url = "http://slow.test/"};
      const HttpRequest& request() const override { return asked; }
      void finished(Result<HttpResponse>) override {}
    };
    for (int i = 0; i < 3; ++i) one->start(std::make_unique<Ignored>());
    CHECK(call(*one, {.url = url("127.0.0.1", server)}).ok());
  }
  CHECK(now() - began < 1500_ms);
}

namespace {

Address at(const char* host) {
  return numeric_address(host, 80).at(0);
}
std::string host_of(const std::optional<Address>& address) {
  if (!address) return "none";
  const std::string text = address->text();
  return text.substr(0, text.rfind(':'));
}

}  // namespace

TEST_CASE("the system's order is kept, families by turns, and what worked is used again") {
  Addresses addresses;
  addresses.learn({at("::1"), at("::2"), at("::3"), at("1.1.1.1"), at("1.1.1.2")});
  const Instant now{100_s};
  std::string order;
  for (int i = 0; i < 5; ++i) {
    const Address next = *addresses.pick(now);
    order += host_of(next) + " ";
    addresses.failed(next, now + i);
  }
  CHECK(order == "[::1] 1.1.1.1 [::2] 1.1.1.2 [::3] ");
  CHECK(host_of(addresses.pick(now + 10)) == "[::1]");  // Who failed first
  addresses.worked(at("1.1.1.2"));
  CHECK(host_of(addresses.pick(now + 10)) == "1.1.1.2");
  // Of its family first, once they are forgiven.
  addresses.failed(at("1.1.1.2"), now + 70_s);
  CHECK(host_of(addresses.pick(now + 70_s)) == "1.1.1.1");
}

TEST_CASE("many connections are spread over a name's addresses, a few go to the same") {
  Addresses addresses;
  addresses.learn({at("1.1.1.1"), at("1.1.1.2"), at("::1")});
  addresses.worked(at("1.1.1.1"));
  std::string order;
  for (int i = 0; i < 18; ++i) {
    const Address next = *addresses.pick(Instant{1_s});
    addresses.opened(next);
    order += host_of(next).back();
  }
  CHECK(order == "111111112222222212");
  addresses.closed(at("1.1.1.2"));
  addresses.closed(at("1.1.1.2"));
  CHECK(host_of(addresses.pick(Instant{1_s})) == "1.1.1.2");
}

TEST_CASE("what a name doesn't have any more is forgotten, what it still has is known") {
  Addresses addresses;
  addresses.learn({at("1.1.1.1"), at("1.1.1.2")});
  addresses.worked(at("1.1.1.2"));
  addresses.learn({at("1.1.1.3"), at("1.1.1.2")});
  CHECK(addresses.size() == 2);
  CHECK(host_of(addresses.pick(Instant{1_s})) == "1.1.1.2");
  addresses.learn({at("1.1.1.3")});
  CHECK(host_of(addresses.pick(Instant{1_s})) == "1.1.1.3");
  addresses.failed(at("1.1.1.1"), Instant{1_s});  // Of a connection from before
}

TEST_CASE("one that is overtaken isn't tried a second time until it has failed") {
  Addresses addresses;
  addresses.learn({at("1.1.1.1"), at("1.1.1.2")});
  CHECK(addresses.overtake(at("1.1.1.1"), Instant{1_s}));
  CHECK(host_of(addresses.pick(Instant{1_s})) == "1.1.1.2");
  CHECK_FALSE(addresses.overtake(at("1.1.1.2"), Instant{2_s}));
  addresses.failed(at("1.1.1.2"), Instant{3_s});
  CHECK(host_of(addresses.pick(Instant{3_s})) == "1.1.1.2");
  addresses.failed(at("1.1.1.1"), Instant{4_s});
  CHECK(host_of(addresses.pick(Instant{200_s})) == "1.1.1.1");  // All is forgiven.
}

}  // namespace sluice
