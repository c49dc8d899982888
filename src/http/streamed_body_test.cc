#include <doctest/doctest.h>

#include <condition_variable>
#include <mutex>

#include "http/engine.h"
#include "http/server_for_tests.h"

namespace sluice {

namespace {

// Takes a body at its test's pace, piece by piece.
struct Taken {
  std::mutex mutex;
  std::condition_variable changed;
  std::string got;
  std::vector<char> piece;
  size_t used = 0;
  bool waits = false;
  std::optional<Result<HttpResponse>> end;

  bool wait_for(const std::function<bool()>& condition) {
    std::unique_lock lock(mutex);
    return changed.wait_for(lock, std::chrono::seconds(10), condition);
  }
  void refill(size_t bytes) {
    const std::lock_guard lock(mutex);
    got.append(piece.data(), used);
    piece.assign(bytes, 0);
    used = 0;
    waits = false;
  }
};

class Streamed : public Exchange, private BodySink {
 public:
  Streamed(HttpRequest request, Taken& taken) : request_(std::move(request)), taken_(taken) {}
  const HttpRequest& request() const override { return request_; }
  BodySink* stream(const HttpResponse& head) override {
    return head.status == 200 ? this : nullptr;
  }
  void finished(Result<HttpResponse> response) override {
    const std::lock_guard lock(taken_.mutex);
    taken_.end = std::move(response);
    taken_.changed.notify_all();
  }

 private:
  std::span<char> room() override {
    const std::lock_guard lock(taken_.mutex);
    const auto left = std::span(taken_.piece).subspan(taken_.used);
    taken_.waits = left.empty();
    if (taken_.waits) taken_.changed.notify_all();
    return left;
  }
  void put(size_t bytes) override {
    const std::lock_guard lock(taken_.mutex);
    taken_.used += bytes;
  }
  HttpRequest request_;
  Taken& taken_;
};

std::string numbers(size_t bytes) {
  std::string text;
  for (int i = 0; text.size() < bytes; ++i) text += std::to_string(i) + ",";
  text.resize(bytes);
  return text;
}

std::string chunked(std::string_view body) {
  std::string out;
  for (size_t at = 0; at < body.size(); at += 10'000) {
    const std::string_view some = body.substr(at, 10'000);
    char size[16];
    std::snprintf(size, sizeof size, "%zx\r\n", some.size());
    out.append(size).append(some).append("\r\n");
  }
  return out + "0\r\n\r\n";
}

std::string take_all(HttpEngine& engine, const std::string& url, size_t piece_bytes) {
  Taken taken;
  taken.piece.assign(stream_room_bytes_min, 0);
  HttpRequest request{.url = url, .body_most = 10};
  request.stalled_after = 10_s;  // As slow as a busy machine may be
  const ExchangeId id = engine.start(std::make_unique<Streamed>(request, taken));
  while (taken.wait_for([&] { return taken.waits || taken.end; }) && !taken.end) {
    taken.refill(piece_bytes);
    engine.go_on(id);
  }
  taken.refill(0);
  REQUIRE(taken.end);
  if (!taken.end->ok()) return "error: " + taken.end->error().message;
  CHECK((*taken.end)->body.empty());
  return taken.got;
}

}  // namespace

TEST_CASE("a streamed body comes whole, in pieces of any size, of known length and chunked") {
  const std::string body = numbers(3'000'000);
  TestServer server([&](Peer& peer) {
    for (std::string request = peer.request(); !request.empty(); request = peer.request()) {
      if (request.starts_with("GET /chunked")) {
        peer.say("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + chunked(body));
      } else if (request.starts_with("GET /sized")) {
        peer.answer(body);
      } else {
        peer.say("HTTP/1.1 200 OK\r\n\r\n" + body);
        return;
      }
    }
  });
  auto engine = make_engine({.shards = 1});
  REQUIRE(engine.ok());
  for (const char* path : {"/sized", "/chunked", "/to-the-end"}) {
    for (const size_t piece : {size_t{777}, size_t{65'536}, size_t{1 << 20}}) {
      CHECK(take_all(**engine, server.url(path), piece) == body);
    }
  }
}

TEST_CASE("a body without room waits in the socket, and that is nobody's fault") {
  const std::string body = numbers(20'000'000);
  TestServer server([&](Peer& peer) {
    peer.request();
    peer.answer(body);
  });
  auto engine = make_engine({.shards = 1});
  REQUIRE(engine.ok());
  Taken taken;
  taken.piece.assign(stream_room_bytes_min, 0);
  HttpRequest request{.url = server.url()};
  request.stalled_after = 1_s;
  const ExchangeId id = (*engine)->start(std::make_unique<Streamed>(request, taken));
  REQUIRE(taken.wait_for([&] { return taken.waits; }));
  CHECK_FALSE([&] {
    std::unique_lock lock(taken.mutex);
    return taken.changed.wait_for(lock, std::chrono::milliseconds(1500),
                                  [&] { return taken.end.has_value(); });
  }());
  while (!taken.end) {
    taken.refill(1 << 20);
    (*engine)->go_on(id);
    REQUIRE(taken.wait_for([&] { return taken.waits || taken.end; }));
  }
  taken.refill(0);
  REQUIRE(taken.end->ok());
  CHECK(taken.got == body);
}

TEST_CASE("what isn't wanted streamed comes in the response, and a cut stream is an error") {
  TestServer server([&](Peer& peer) {
    if (peer.request().starts_with("GET /missing")) {
      peer.answer("no such page", "404 Not Found");
    } else {
      peer.say("HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\nonly this");
    }
  });
  auto engine = make_engine({.shards = 1});
  REQUIRE(engine.ok());
  Taken missing;
  (*engine)->start(std::make_unique<Streamed>(HttpRequest{.url = server.url("/missing")}, missing));
  REQUIRE(missing.wait_for([&] { return missing.end.has_value(); }));
  REQUIRE(missing.end->ok());
  CHECK((*missing.end)->body.view() == "no such page");
  CHECK(
      take_all(**engine, server.url("/cut"), 100).find("within the answer's body, after 9 bytes") !=
      std::string::npos);
}

}  // namespace sluice
