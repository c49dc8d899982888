// A name with several addresses. No machine has one that a test could rely on, so the system's
// getaddrinfo is asked by way of one of our own, which knows such names.
#include <dlfcn.h>
#include <doctest/doctest.h>
#include <netdb.h>

#include <algorithm>
#include <memory>
#include <string>
#include <string_view>

#include "http/engine.h"
#include "http/server_for_tests.h"

namespace {

using Ask = int (*)(const char*, const char*, const addrinfo*, addrinfo**);

// "127.0.0.9+127.0.0.1.test" has these two, in this order.
constexpr std::string_view ending = ".test";

}  // namespace

extern "C" int getaddrinfo(const char* host, const char* port, const addrinfo* hints,
                           addrinfo** found) {
  static const Ask ask = reinterpret_cast<Ask>(::dlsym(RTLD_NEXT, "getaddrinfo"));
  std::string names = host == nullptr ? "" : host;
  if (!names.ends_with(ending)) return ask(host, port, hints, found);
  if ((hints->ai_flags & AI_NUMERICHOST) != 0) return EAI_NONAME;
  names.resize(names.size() - ending.size());
  addrinfo** end = found;
  for (size_t at = 0; at <= names.size();) {
    const size_t plus = std::min(names.find('+', at), names.size());
    const int failed = ask(names.substr(at, plus - at).c_str(), port, hints, end);
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

}  // namespace sluice
