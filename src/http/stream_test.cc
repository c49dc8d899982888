#include "http/stream.h"

#include <doctest/doctest.h>

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
  CHECK(why_not({.ca_file = junk}).find("PEM certificates") != std::string::npos);
}

}  // namespace sluice
