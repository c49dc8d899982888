#include "http/engine.h"

#include <doctest/doctest.h>

#include <array>
#include <latch>
#include <mutex>

#include "http/certificates_for_tests.h"
#include "http/server_for_tests.h"

namespace sluice {

namespace {

std::unique_ptr<HttpEngine> engine(EngineOptions options = {}) {
  auto made = make_engine(std::move(options));
  REQUIRE(made.ok());
  return std::move(*made);
}

void echo(Peer& peer) {
  while (true) {
    const std::string request = peer.request();
    if (request.empty()) return;
    peer.answer(request);
  }
}

std::string body_of(const Result<HttpResponse>& response) {
  if (!response.ok()) return "error: " + response.error().message;
  return std::string(response->body.view());
}

// Many at once; the answers come together here.
struct Crowd {
  explicit Crowd(int size) : left(size) {}
  std::latch left;
  std::atomic<int> good{0}, bad{0};
};
class OneOfMany : public Exchange {
 public:
  OneOfMany(HttpRequest request, Crowd& crowd) : request_(std::move(request)), crowd_(crowd) {}
  const HttpRequest& request() const override { return request_; }
  void finished(Result<HttpResponse> response) override {
    ++(response.ok() && response->status == 200 ? crowd_.good : crowd_.bad);
    crowd_.left.count_down();
  }

 private:
  HttpRequest request_;
  Crowd& crowd_;
};

}  // namespace

TEST_CASE("a request goes out as it was written and its answer comes back") {
  TestServer server(echo);
  const auto client = engine();
  HttpRequest request;
  request.method = "PUT";
  request.url = server.url("/a%2Fb//c/../d?x=%20&y");
  request.headers = {{"X-One", "1"}};
  request.body = "the body";
  const std::string seen = body_of(call(*client, request));
  CHECK(seen == "PUT /a%2Fb//c/../d?x=%20&y HTTP/1.1\r\nX-One: 1\r\nHost: 127.0.0.1:" +
                    std::to_string(server.port()) + "\r\nContent-Length: 8\r\n\r\nthe body");
}

TEST_CASE("a connection is kept and used again, the last one first") {
  TestServer server(echo);
  const auto client = engine({.shards = 1});
  for (int i = 0; i < 20; ++i) {
    const auto response = call(*client, {.url = server.url()});
    REQUIRE(response.ok());
    CHECK(response->reused_connection == (i > 0));
  }
  CHECK(server.connections() == 1);
}

TEST_CASE("a thousand requests share the connections allowed, each answered once") {
  TestServer server(echo);
  const auto client = engine({.shards = 2, .connections_max = 16});
  Crowd crowd(1000);
  for (int i = 0; i < 1000; ++i) {
    client->start(std::make_unique<OneOfMany>(HttpRequest{.url = server.url()}, crowd));
  }
  crowd.left.wait();
  CHECK(crowd.good == 1000);
  CHECK(server.connections() <= 16);
}

TEST_CASE("bodies of megabytes go both ways") {
  TestServer server(echo);
  const auto client = engine();
  std::string body(20 << 20, 'x');
  for (size_t i = 0; i < body.size(); i += 997) body[i] = static_cast<char>(i);
  HttpRequest request{.method = "PUT", .url = server.url(), .body = body, .body_most = 30 << 20};
  const std::string seen = body_of(call(*client, request));
  CHECK(seen.ends_with(body));
}

TEST_CASE("a connection that died idle costs nothing: the request is sent again, once") {
  for (const bool by_reset : {false, true}) {
    TestServer server([&](Peer& peer) {
      peer.request();
      peer.answer("one");
      if (peer.number > 1) return;
      // The next request's bytes arrive, and no answer comes.
      if (by_reset) peer.reset();
      peer.request();
    });
    const auto client = engine({.shards = 1});
    CHECK(body_of(call(*client, {.url = server.url()})) == "one");
    CHECK(body_of(call(*client, {.url = server.url()})) == "one");
    CHECK(client->counts().requests_repeated == 1);
  }
}

TEST_CASE("what must not be sent twice isn't: its caller hears of the dead connection") {
  TestServer server([](Peer& peer) {
    peer.request();
    peer.answer("one");
    peer.request();
  });
  const auto client = engine({.shards = 1});
  HttpRequest request{.method = "POST", .url = server.url(), .may_be_sent_twice = false};
  CHECK(body_of(call(*client, request)) == "one");
  const auto second = call(*client, request);
  REQUIRE_FALSE(second.ok());
  CHECK(second.error().kind == ErrorKind::transient);
}

TEST_CASE("an idle connection is given up before the peer gives it up") {
  TestServer server(echo);
  const auto client = engine({.shards = 1, .idle_most = 1_ms});
  REQUIRE(call(*client, {.url = server.url()}).ok());
  std::this_thread::sleep_for(std::chrono::milliseconds(200));
  REQUIRE(call(*client, {.url = server.url()}).ok());
  CHECK(server.connections() == 2);
}

TEST_CASE("a fresh connection is taken where it is asked for") {
  TestServer server(echo);
  const auto client = engine({.shards = 1});
  REQUIRE(call(*client, {.url = server.url()}).ok());
  const auto response = call(*client, {.url = server.url(), .fresh_connection = true});
  REQUIRE(response.ok());
  CHECK_FALSE(response->reused_connection);
}

TEST_CASE("a peer that says nothing, or stops in the middle, is given up in time") {
  TestServer silent([](Peer& peer) {
    peer.request();
    peer.request();
  });
  const auto client = engine();
  const auto late = call(*client, {.url = silent.url(), .first_byte_within = 100_ms});
  REQUIRE_FALSE(late.ok());
  CHECK(late.error().kind == ErrorKind::transient);
  CHECK(late.error().message.find("no answer within 100 ms") != std::string::npos);

  TestServer stalling([](Peer& peer) {
    peer.request();
    peer.say("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabc");
    peer.request();
  });
  const auto stalled = call(*client, {.url = stalling.url(), .stalled_after = 100_ms});
  REQUIRE_FALSE(stalled.ok());
  CHECK(stalled.error().message.find("no byte moved within 100 ms") != std::string::npos);

  const auto passed = call(*client, {.url = silent.url(), .deadline = now() + 100_ms});
  REQUIRE_FALSE(passed.ok());
  const auto begun = call(*client, {.url = silent.url(), .first_byte_by = now() + 100_ms});
  REQUIRE_FALSE(begun.ok());
  CHECK(begun.error().message.find("in the time that was left") != std::string::npos);
  // An address that leads nowhere, too: connecting belongs to it.
  const auto nowhere = call(*client, {.url = "http://192.0.2.1/", .first_byte_by = now() + 100_ms});
  REQUIRE_FALSE(nowhere.ok());
  CHECK(nowhere.error().kind == ErrorKind::transient);
}

TEST_CASE("a cut body, a reset and nobody there are transient") {
  TestServer cutting([](Peer& peer) {
    peer.request();
    peer.say("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabc");
  });
  TestServer resetting([](Peer& peer) {
    peer.request();
    peer.reset();
  });
  const auto client = engine();
  std::string nobody;
  {
    TestServer gone(echo);
    nobody = gone.url();
  }
  for (const std::string& url : {cutting.url(), resetting.url(), nobody}) {
    const auto response = call(*client, {.url = url});
    REQUIRE_FALSE(response.ok());
    CHECK(response.error().kind == ErrorKind::transient);
  }
  CHECK(call(*client, {.url = nobody}).error().message.find("Connection refused") !=
        std::string::npos);
}

TEST_CASE("a request that waits for its time, or for an answer, can be given up") {
  TestServer silent([](Peer& peer) {
    peer.request();
    peer.request();
  });
  const auto client = engine();
  Crowd crowd(3);
  const auto made = [&] {
    return std::make_unique<OneOfMany>(HttpRequest{.url = silent.url()}, crowd);
  };
  client->cancel(client->start(made()));
  client->cancel(client->start(made(), now() + 100_s));
  const ExchangeId under_way = client->start(made());
  std::this_thread::sleep_for(std::chrono::milliseconds(50));
  client->cancel(under_way);
  crowd.left.wait();
  CHECK(crowd.bad == 3);
}

TEST_CASE("an engine that ends answers whatever is open") {
  TestServer silent([](Peer& peer) {
    peer.request();
    peer.request();
  });
  Crowd crowd(40);
  {
    const auto client = engine({.connections_max = 8});
    for (int i = 0; i < 40; ++i) {
      client->start(std::make_unique<OneOfMany>(HttpRequest{.url = silent.url()}, crowd),
                    i % 4 == 0 ? now() + 100_s : Instant{});
    }
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
  }
  crowd.left.wait();
  CHECK(crowd.bad == 40);
}

TEST_CASE("a query right behind the host goes out, a fragment doesn't") {
  TestServer server(echo);
  const auto client = engine();
  const std::string origin = server.url("");
  const auto line = [&](const std::string& url) {
    const std::string seen = body_of(call(*client, {.url = url}));
    return seen.substr(0, seen.find(" HTTP/"));
  };
  CHECK(line(origin) == "GET /");
  CHECK(line(origin + "?a=b/c") == "GET /?a=b/c");
  CHECK(line(origin + "/x?y#z") == "GET /x?y");
  CHECK(line(origin + "#z") == "GET /");
}

TEST_CASE("a user in a URL is refused, not dropped, and the password isn't said") {
  TestServer server(echo);
  const auto client = engine();
  std::string url = server.url();
  url.insert(url.find("://") + 3, "me:hush@");
  const auto refused = call(*client, {.url = url});
  REQUIRE_FALSE(refused.ok());
  CHECK(refused.error().kind == ErrorKind::invalid);
  CHECK(refused.error().message.find("basic") != std::string::npos);
  CHECK(refused.error().message.find("hush") == std::string::npos);
}

TEST_CASE("a URL or a header that can't be sent is refused") {
  const auto client = engine();
  CHECK(call(*client, {.url = "ftp://x/"}).error().kind == ErrorKind::invalid);
  CHECK(call(*client, {.url = "http://127.0.0.1:1/a b"}).error().kind == ErrorKind::invalid);
  TestServer server(echo);
  const auto split = call(*client, {.url = server.url(), .headers = {{"X", "a\r\nY: b"}}});
  REQUIRE_FALSE(split.ok());
  CHECK(split.error().kind == ErrorKind::invalid);
  CHECK(call(*client, {.url = server.url()}).ok());
  CHECK(call(*client, {.url = "http://name.invalid/"}).error().message.find("name.invalid") !=
        std::string::npos);
}

TEST_CASE("what others name is asked at public addresses alone, whatever its name leads to") {
  TestServer server(echo);
  const std::string port = std::to_string(server.port());
  const auto client = engine({.shards = 1});
  for (const std::string host : {"127.0.0.1", "localhost", "2130706433"}) {
    CAPTURE(host);
    HttpRequest request{.url = "http://" + host + ":" + port + "/"};
    request.asked_by = "https://api.example.com/";
    const auto refused = call(*client, request);
    REQUIRE_FALSE(refused.ok());
    CHECK(refused.error().kind == ErrorKind::denied);
    CHECK(refused.error().message.find("is a loopback one") != std::string::npos);
    // The same without anybody's word, and then by a neighbour.
    CHECK(call(*client, {.url = request.url}).ok());
    request.asked_by = server.url("/");
    CHECK(call(*client, {.url = server.url("/")}).ok());
    CHECK(call(*client, request).ok());
  }
}

TEST_CASE("TLS is verified: a known authority passes, an unknown one is refused with the reason") {
  TestCertificates made;
  made.sign("server");
  const TestCertificates::Context shown = made.server("server");
  TestServer server(echo, shown.get());
  const auto stranger = engine();
  const auto refused = call(*stranger, {.url = server.url()});
  REQUIRE_FALSE(refused.ok());
  CHECK(refused.error().kind == ErrorKind::invalid);
  CHECK(refused.error().message.find("not trusted") != std::string::npos);

  const auto friendly = engine({.tls = {.ca_file = made.authority_file()}});
  const std::string body(3 << 20, 'y');
  HttpRequest request{.method = "PUT", .url = server.url(), .body = body};
  for (int i = 0; i < 3; ++i) CHECK(body_of(call(*friendly, request)).ends_with(body));

  TestServer plain(echo);
  std::string url = plain.url();
  url.replace(0, 4, "https");
  const auto wrong = call(*friendly, {.url = url, .first_byte_within = 300_ms});
  CHECK_FALSE(wrong.ok());
  CHECK_FALSE(make_engine({.tls = {.ca_file = "/nowhere/ca.pem"}}).ok());
}

TEST_CASE("through a proxy plain requests go whole, and its credentials with them") {
  TestServer proxy(echo);
  EngineOptions options;
  const Environment environment{
      {{"http_proxy", "http://me:secret@127.0.0.1:" + std::to_string(proxy.port())}}};
  options.proxies = *ProxyRules::from(environment);
  const auto client = engine(std::move(options));
  const std::string seen = body_of(call(*client, {.url = "http://s3.example/b/k?x"}));
  CHECK(seen.starts_with("GET http://s3.example/b/k?x HTTP/1.1\r\nHost: s3.example\r\n"));
  CHECK(seen.find("Proxy-Authorization: Basic bWU6c2VjcmV0\r\n") != std::string::npos);
}

TEST_CASE("through a proxy's tunnel TLS is spoken with the server itself, and the tunnel is kept") {
  TestCertificates made;
  made.sign("server");
  const TestCertificates::Context shown = made.server("server");
  TestServer server(echo, shown.get());
  std::mutex mutex;
  std::vector<std::string> asked;  // Of the proxy; guarded by mutex
  TestServer proxy([&](Peer& peer) {
    std::string head = peer.request();
    {
      const std::lock_guard lock(mutex);
      asked.push_back(std::move(head));
    }
    const int far = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in address = {};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    address.sin_port = htons(server.port());
    ENSURE(::connect(far, reinterpret_cast<sockaddr*>(&address), sizeof address) == 0);
    peer.say("HTTP/1.1 200 Connection established\r\nVia: a proxy\r\n\r\n");
    std::thread back([&] {
      std::array<char, 65536> some;
      for (ssize_t n; (n = ::recv(far, some.data(), some.size(), 0)) > 0;)
        peer.say({some.data(), static_cast<size_t>(n)});
    });
    for (std::string some; !(some = peer.bytes()).empty();) {
      ENSURE(::send(far, some.data(), some.size(), MSG_NOSIGNAL) > 0);
    }
    ::shutdown(far, SHUT_RDWR);
    back.join();
    ::close(far);
  });
  const auto rules = ProxyRules::from(
      Environment{{{"https_proxy", "http://me:secret@127.0.0.1:" + std::to_string(proxy.port())}}});
  REQUIRE(rules.ok());
  {
    const auto one =
        engine({.shards = 1, .tls = {.ca_file = made.authority_file()}, .proxies = *rules});
    for (int i = 0; i < 3; ++i) {
      const std::string got = body_of(call(*one, {.url = "https://s3.example/a?b"}));
      // The request is the server's alone, without the proxy's credentials.
      CHECK_MESSAGE(got.starts_with("GET /a?b HTTP/1.1\r\nHost: s3.example\r\n"), got);
      CHECK(got.find("Proxy-Authorization") == got.npos);
    }
    CHECK(one->counts().connections_opened == 1);
    CHECK(server.connections() == 1);
  }
  const std::lock_guard lock(mutex);
  REQUIRE(asked.size() == 1);
  CHECK(asked[0].starts_with("CONNECT s3.example:443 HTTP/1.1\r\n"));
  CHECK(asked[0].find("Proxy-Authorization: Basic bWU6c2VjcmV0") != std::string::npos);
}

TEST_CASE("a proxy is asked for an address of IPv6 in brackets") {
  std::mutex mutex;
  std::string asked;
  TestServer proxy([&](Peer& peer) {
    const std::lock_guard lock(mutex);
    asked = peer.request();
    peer.answer("", "403 No");
  });
  const auto rules = ProxyRules::from(
      Environment{{{"https_proxy", "http://127.0.0.1:" + std::to_string(proxy.port())}}});
  REQUIRE(rules.ok());
  const auto one = engine({.proxies = *rules});
  CHECK_FALSE(call(*one, {.url = "https://[2001:db8::1]:8443/"}).ok());
  const std::lock_guard lock(mutex);
  CHECK(asked.starts_with("CONNECT [2001:db8::1]:8443 HTTP/1.1\r\nHost: [2001:db8::1]:8443\r\n"));
}

TEST_CASE("what a proxy says behind its answer is not the server's word") {
  TestServer proxy([&](Peer& peer) {
    if (peer.request().empty()) return;
    peer.say("HTTP/1.1 200 OK\r\n\r\nand more");
    peer.bytes();
  });
  const auto rules = ProxyRules::from(
      Environment{{{"https_proxy", "http://127.0.0.1:" + std::to_string(proxy.port())}}});
  REQUIRE(rules.ok());
  const auto got = call(*engine({.proxies = *rules}), {.url = "https://s3.example/"});
  REQUIRE_FALSE(got.ok());
  CHECK_MESSAGE(got.error().message.find("said more") != std::string::npos, got.error().message);
}

TEST_CASE("behind a tunnel a server must show its own certificate") {
  TestServer proxy([&](Peer& peer) {
    if (peer.request().empty()) return;
    peer.say("HTTP/1.1 200 OK\r\n\r\n");
    peer.bytes();  // A ClientHello; the answer is no TLS
    peer.say("HTTP/1.1 400 Bad Request\r\n\r\n");
  });
  const auto rules = ProxyRules::from(
      Environment{{{"https_proxy", "http://127.0.0.1:" + std::to_string(proxy.port())}}});
  REQUIRE(rules.ok());
  const auto one = engine({.proxies = *rules});
  CHECK_FALSE(call(*one, {.url = "https://s3.example/", .first_byte_within = 300_ms}).ok());
}

TEST_CASE("a tunnel that the proxy refuses is an error that names the proxy") {
  TestServer proxy([](Peer& peer) {
    const std::string request = peer.request();
    peer.answer("", request.starts_with("CONNECT s3.example:443 HTTP/1.1\r\n")
                        ? "407 Proxy Authentication Required"
                        : "500 What");
  });
  EngineOptions options;
  options.proxies = *ProxyRules::from(
      Environment{{{"https_proxy", "http://127.0.0.1:" + std::to_string(proxy.port())}}});
  const auto client = engine(std::move(options));
  const auto refused = call(*client, {.url = "https://s3.example/"});
  REQUIRE_FALSE(refused.ok());
  CHECK(refused.error().kind == ErrorKind::denied);
  CHECK(refused.error().message.find("407") != std::string::npos);
}

}  // namespace sluice
