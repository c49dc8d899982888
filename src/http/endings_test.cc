// Where an answer ends, and what comes behind it: on real sockets, plain and over TLS.
#include <doctest/doctest.h>

#include <atomic>
#include <chrono>
#include <string>
#include <thread>
#include <vector>

#include "http/certificates_for_tests.h"
#include "http/engine.h"
#include "http/server_for_tests.h"

namespace sluice {
namespace {

std::string body_of(const Result<HttpResponse>& response) {
  if (!response.ok()) return "error: " + response.error().message;
  return std::string(response->body.view());
}

void wait(int ms) {
  std::this_thread::sleep_for(std::chrono::milliseconds(ms));
}

// The same over plain sockets and over TLS.
void on_both(const std::function<void(SSL_CTX*, const EngineOptions&)>& check) {
  check(nullptr, {.shards = 1});
  TestCertificates made;
  made.sign("server");
  const TestCertificates::Context shown = made.server("server");
  check(shown.get(), {.shards = 1, .tls = {.ca_file = made.authority_file()}});
}

}  // namespace

TEST_CASE("bytes behind an answer are never the beginning of the next") {
  const std::string forged = "HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nforged";
  // In one piece with the answer; behind it; behind one that is read where it belongs, or that has
  // no body.
  const std::vector<std::vector<std::string>> firsts = {
      {"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nfirst" + forged},
      {"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nfirst", forged},
      {"HTTP/1.1 200 OK\r\nContent-Length: 300000\r\n\r\n" + std::string(300'000, 'x') + forged},
      {"HTTP/1.1 204 Nothing\r\n\r\n", forged}};
  for (const auto& first : firsts) {
    on_both([&](SSL_CTX* tls, const EngineOptions& options) {
      CAPTURE(first[0].substr(0, 60));
      std::atomic<int> said = 0;
      TestServer server(
          [&](Peer& peer) {
            for (std::string request; !(request = peer.request()).empty();) {
              if (request.find("/first") == request.npos) {
                peer.answer("true");
                continue;
              }
              for (const std::string& piece : first) peer.say(piece);
              ++said;
            }
          },
          tls);
      const auto engine = make_engine(options);
      REQUIRE(engine.ok());
      for (int i = 1; i <= 5; ++i) {
        REQUIRE(call(**engine, {.url = server.url("/first")}).ok());
        while (said < i) wait(1);
        wait(20);  // What lies there is seen; what is on its way can't be.
        CHECK(body_of(call(**engine, {.url = server.url("/next")})) == "true");
      }
    });
  }
}

TEST_CASE("a POST goes out on another connection where the kept one has ended meanwhile") {
  on_both([&](SSL_CTX* tls, const EngineOptions& options) {
    TestServer server(
        [](Peer& peer) {
          peer.request();
          peer.answer("once");
        },
        tls);
    const auto engine = make_engine(options);
    REQUIRE(engine.ok());
    for (int i = 0; i < 4; ++i) {
      const HttpRequest post{.method = "POST", .url = server.url(), .may_be_sent_twice = false};
      CHECK(body_of(call(**engine, post)) == "once");
      wait(20);
    }
  });
}

TEST_CASE("over TLS a body without a length that ends without close_notify is cut") {
  TestCertificates made;
  made.sign("server");
  const TestCertificates::Context shown = made.server("server");
  for (const bool says_goodbye : {true, false}) {
    for (const bool has_length : {true, false}) {
      CAPTURE(says_goodbye);
      CAPTURE(has_length);
      TestServer server(
          [&](Peer& peer) {
            peer.request();
            peer.say(has_length ? "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 8\r\n"
                                  "\r\n{\"n\":1}\n"
                                : "HTTP/1.1 200 OK\r\n\r\n{\"n\":1}\n");
            if (says_goodbye) peer.say_goodbye();
          },
          shown.get());
      const auto engine = make_engine({.tls = {.ca_file = made.authority_file()}});
      REQUIRE(engine.ok());
      const auto got = call(**engine, {.url = server.url()});
      if (says_goodbye || has_length) {
        REQUIRE_MESSAGE(got.ok(), got.error().message);
        CHECK(got->body.view() == "{\"n\":1}\n");
        CHECK_FALSE(got->may_be_cut);
      } else {
        REQUIRE_FALSE(got.ok());
        CHECK(got.error().kind == ErrorKind::transient);
        CHECK(got.error().message.find("close_notify") != std::string::npos);
      }
    }
  }
}

TEST_CASE("over plain HTTP a body without a length is taken, and marked as perhaps cut") {
  TestServer server([](Peer& peer) {
    const std::string request = peer.request();
    if (request.find("/framed") != request.npos) return peer.answer("whole");
    peer.say("HTTP/1.1 200 OK\r\n\r\nperhaps");
  });
  const auto engine = make_engine({.shards = 1});
  REQUIRE(engine.ok());
  const auto perhaps = call(**engine, {.url = server.url()});
  REQUIRE(perhaps.ok());
  CHECK(perhaps->may_be_cut);
  const auto whole = call(**engine, {.url = server.url("/framed")});
  REQUIRE(whole.ok());
  CHECK_FALSE(whole->may_be_cut);
}

TEST_CASE("a body that dribbles is no answer, one that is slow is, and a refusal's is cut off") {
  TestServer server([](Peer& peer) {
    const std::string request = peer.request();
    const bool is_refusal = request.find("/refusal") != request.npos;
    const bool is_slow = request.find("/slow") != request.npos;
    peer.say(is_refusal ? "HTTP/1.1 403 No\r\nContent-Length: 10000\r\n\r\nbecause"
                        : "HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n");
    for (int i = 0; i < 100; ++i) {
      peer.say(std::string(is_slow ? 10 : 1, 'x'));
      wait(is_slow ? 10 : 30);
    }
  });
  const auto engine = make_engine({.shards = 1});
  REQUIRE(engine.ok());
  const auto get = [&](std::string_view target) {
    HttpRequest request{.url = server.url(target)};
    request.stalled_after = 200_ms;
    request.slow_most = 300_ms;
    return call(**engine, request);
  };
  const Instant began = now();
  const auto dribbling = get("/dribble");
  REQUIRE_FALSE(dribbling.ok());
  CHECK(dribbling.error().kind == ErrorKind::transient);
  CHECK_MESSAGE(dribbling.error().message.find("too slow") != std::string::npos,
                dribbling.error().message);
  CHECK(now() - began < 900_ms);
  CHECK(body_of(get("/slow")).size() == 1000);
  const auto refusal = get("/refusal");
  REQUIRE_MESSAGE(refusal.ok(), refusal.error().message);
  CHECK(refusal->status == 403);
  CHECK(refusal->broke_off);
  CHECK(refusal->body.view().starts_with("because"));
}

}  // namespace sluice
