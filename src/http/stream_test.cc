#include "http/stream.h"

#include <doctest/doctest.h>

#include <functional>
#include <optional>

#include "http/certificates_for_tests.h"
#include "http/engine.h"
#include "http/server_for_tests.h"

namespace sluice {
namespace {

std::string why_not(const TlsOptions& options) {
  const auto context = TlsContext::make(options);
  const Status opened = context.ok() ? (*context)->open() : Status(context.error());
  if (opened.ok()) return "";
  CHECK(opened.error().kind == ErrorKind::invalid);
  return opened.error().message;
}

}  // namespace

TEST_CASE("a server that asks for a certificate gets it, and without one the reason is told") {
  TestCertificates made;
  made.sign("server");
  made.sign("client");
  const TestCertificates::Context asking = made.server_that_asks("server");
  TestServer server(
      [](Peer& peer) {
        while (!peer.request().empty()) peer.answer("hello");
      },
      asking.get());
  const TlsOptions shown = {.ca_file = made.authority_file(),
                            .certificate_file = made.path("client.pem"),
                            .key_file = made.path("client.key")};
  const auto known = make_engine({.tls = shown});
  REQUIRE(known.ok());
  for (int i = 0; i < 3; ++i) {
    const auto answer = call(**known, {.url = server.url()});
    REQUIRE_MESSAGE(answer.ok(), answer.error().message);
    CHECK(answer->body.view() == "hello");
  }
  const auto nobody = make_engine({.tls = {.ca_file = made.authority_file()}});
  // The server's reset may overtake its words.
  std::optional<Error> refused;
  for (int i = 0; i < 20 && (!refused || refused->kind == ErrorKind::transient); ++i) {
    const auto answer = call(**nobody, {.url = server.url(), .first_byte_within = 5_s});
    REQUIRE_FALSE(answer.ok());
    refused = answer.error();
  }
  CHECK(refused->kind == ErrorKind::denied);
  CHECK(refused->message.find("wants a client certificate") != std::string::npos);

  SSL_CTX_set_max_proto_version(asking.get(), TLS1_2_VERSION);  // It is refused in the handshake.
  const auto earlier = call(**nobody, {.url = server.url(), .first_byte_within = 5_s});
  REQUIRE_FALSE(earlier.ok());
  CHECK(earlier.error().kind == ErrorKind::denied);
  CHECK(earlier.error().message.find("wants a client certificate") != std::string::npos);
}

TEST_CASE(
    "a certificate of ours is shown to its own origin alone, and so is its authority trusted") {
  TestCertificates made("ours"), theirs("theirs");
  made.sign("server");
  made.sign("client");
  theirs.sign("server");
  const auto serve = [](Peer& peer) {
    while (!peer.request().empty()) peer.answer("hello");
  };
  const TestCertificates::Context asking = made.server_that_asks("server");
  const TestCertificates::Context shown = theirs.server("server");
  TestServer own(serve, asking.get()), other(serve, asking.get()), public_one(serve, shown.get());
  EngineOptions options{.shards = 1, .tls = {.ca_file = theirs.authority_file()}};
  options.own_tls = {own.url(),
                     {.ca_file = made.authority_file(),
                      .certificate_file = made.path("client.pem"),
                      .key_file = made.path("client.key")}};
  const auto engine = make_engine(options);
  REQUIRE(engine.ok());
  CHECK(call(**engine, {.url = own.url("/x?y")}).ok());
  CHECK(call(**engine, {.url = public_one.url()}).ok());
  CHECK_FALSE(call(**engine, {.url = other.url(), .first_byte_within = 2_s}).ok());
}

TEST_CASE("authorities can be trusted besides others") {
  TestCertificates one("one"), other("other");
  one.sign("server");
  other.sign("server");
  const auto serve = [](Peer& peer) {
    while (!peer.request().empty()) peer.answer("hello");
  };
  const TestCertificates::Context first = one.server("server"), second = other.server("server");
  TestServer a(serve, first.get()), b(serve, second.get());
  const auto engine = make_engine(
      {.tls = {.ca_file = one.authority_file(), .more_ca_files = {other.authority_file()}}});
  REQUIRE(engine.ok());
  CHECK(call(**engine, {.url = a.url()}).ok());
  CHECK(call(**engine, {.url = b.url()}).ok());
}

TEST_CASE("an alert in a handshake may pass, a version that isn't spoken doesn't") {
  TestCertificates made;
  made.sign("server");
  const auto with = [&](const std::function<void(SSL_CTX*)>& change) {
    const TestCertificates::Context shown = made.server("server");
    change(shown.get());
    TestServer server([](Peer&) {}, shown.get());
    const auto engine = make_engine({.shards = 1, .tls = {.ca_file = made.authority_file()}});
    const auto got = call(**engine, {.url = server.url()});
    REQUIRE_FALSE(got.ok());
    return got.error().kind;
  };
  // No cipher in common: handshake_failure, as a server says that isn't ready yet.
  CHECK(with([](SSL_CTX* context) {
          SSL_CTX_set_max_proto_version(context, TLS1_2_VERSION);
          SSL_CTX_set_cipher_list(context, "AES128-SHA");
        }) == ErrorKind::transient);
  // Something is wrong with it now.
  CHECK(with([](SSL_CTX* context) {
          SSL_CTX_set_client_hello_cb(
              context,
              [](SSL*, int* alert, void*) {
                *alert = SSL_AD_INTERNAL_ERROR;
                return SSL_CLIENT_HELLO_ERROR;
              },
              nullptr);
        }) == ErrorKind::transient);
  CHECK(with([](SSL_CTX* context) {
          SSL_CTX_set_security_level(context, 0);
          SSL_CTX_set_min_proto_version(context, TLS1_VERSION);
          SSL_CTX_set_max_proto_version(context, TLS1_1_VERSION);
        }) == ErrorKind::invalid);
}

TEST_CASE("a wrong certificate or key is an error that says what to do") {
  TestCertificates made;
  made.sign("client");
  made.sign("other");
  made.sign("locked", "password");
  const std::string junk = made.write("junk.pem", "this is no PEM\n");
  const auto with = [&](const std::string& certificate, const std::string& key) {
    return why_not({.certificate_file = certificate, .key_file = key});
  };
  const std::string good = made.path("client.pem"), key = made.path("client.key");
  CHECK(with(good, key).empty());
  CHECK(with("/nowhere.pem", key) == "TLS: /nowhere.pem: No such file or directory");
  CHECK(with(good, "") == "TLS: " + good + ": a certificate and its key go together");
  CHECK(with(junk, key) == "certificate " + junk + ": none that can be read in that PEM file");
  CHECK(with(good, junk) == "key " + junk + ": none that can be read in that PEM file");
  CHECK(with(good, good) == "key " + good + ": none that can be read in that PEM file");
  CHECK(with(good, made.path("other.key")) ==
        "key " + made.path("other.key") + ": it is another certificate's key");
  CHECK(with(made.path("locked.pem"), made.path("locked.key")).find("it is encrypted") !=
        std::string::npos);
}

TEST_CASE("authorities that can't be read trust nobody, and each connection says why") {
  TestCertificates made;
  made.sign("server");
  const TestCertificates::Context shown = made.server("server");
  TestServer server(
      [](Peer& peer) {
        while (!peer.request().empty()) peer.answer("hello");
      },
      shown.get());
  const std::string junk = made.write("junk.pem", "this is no PEM\n");
  for (const TlsOptions& options :
       {TlsOptions{.ca_file = junk},
        TlsOptions{.ca_file = made.authority_file(), .more_ca_files = {junk}}}) {
    const auto engine = make_engine({.shards = 2, .tls = options});
    REQUIRE(engine.ok());
    for (int i = 0; i < 2; ++i) {
      const auto got = call(**engine, {.url = server.url()});
      REQUIRE_FALSE(got.ok());
      CHECK(got.error().kind == ErrorKind::invalid);
      CHECK(got.error().message.find("CA bundle " + junk) != std::string::npos);
      CHECK(got.error().message.find("PEM certificates was expected") != std::string::npos);
    }
  }
}

}  // namespace sluice
