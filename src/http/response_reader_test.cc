#include "http/response_reader.h"

#include <doctest/doctest.h>

namespace sluice {

namespace {

// Fed in pieces of `step` bytes; what is left over at the end goes to `left`.
Result<HttpResponse> read(std::string_view bytes, size_t step, std::string_view method = "GET",
                          uint64_t body_most = 1000, std::string* left = nullptr) {
  ResponseReader reader;
  reader.begin(method, body_most);
  while (!bytes.empty() && !reader.done()) {
    const size_t taken = TRY(reader.take(bytes.substr(0, step)));
    bytes.remove_prefix(taken);
  }
  if (!reader.done()) TRY(reader.end(ResponseReader::End::plain));
  if (left != nullptr) *left = bytes;
  return std::move(reader.response());
}

}  // namespace

TEST_CASE("a response is the same however its bytes were cut") {
  const std::string sized =
      "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 5\r\nETag:  \"x\" "
      "\r\n\r\nhelloHTTP/1.1 404";
  const std::string chunked =
      "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3;ext=1\r\nhel\r\n2\r\nlo\r\n0\r\n"
      "Trailer: 1\r\n\r\nHTTP/1.1 404";
  for (size_t step = 1; step < 120; ++step) {
    for (const std::string& bytes : {sized, chunked}) {
      std::string left;
      const auto response = read(bytes, step, "GET", 1000, &left);
      REQUIRE(response.ok());
      CHECK(response->status == 200);
      CHECK(response->body.view() == "hello");
      CHECK(left == "HTTP/1.1 404");
    }
    CHECK(header(read(sized, step)->headers, "etag") == "\"x\"");
  }
}

TEST_CASE("the first empty line ends the head, whichever line breaks it and others have") {
  const std::string mixed = "HTTP/1.1 200 OK\nContent-Length: 6\n\nab\r\n\r\n";
  for (size_t step = 1; step < 50; ++step) CHECK(read(mixed, step)->body.view() == "ab\r\n\r\n");
}

TEST_CASE("a body of known length may be put where it belongs") {
  ResponseReader reader;
  reader.begin("GET", 1000);
  REQUIRE(reader.take("HTTP/1.1 206 Partial\r\nContent-Length: 6\r\n\r\nab").ok());
  REQUIRE(reader.room().size() == 4);
  reader.room()[0] = 'c';
  reader.put(1);
  CHECK(*reader.take("def") == 3);
  CHECK(reader.done());
  CHECK(reader.keeps_connection());
  CHECK(reader.response().body.view() == "abcdef");
}

TEST_CASE("no body follows HEAD, 204 and 304; without a length it ends with the connection") {
  CHECK(read("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n", 7, "HEAD").ok());
  CHECK(read("HTTP/1.1 204 No\r\n\r\n", 7).ok());
  CHECK(read("HTTP/1.1 304 Not\r\nContent-Length: 5\r\n\r\n", 7).ok());
  const auto response = read("HTTP/1.0 200 OK\r\n\r\nall there is", 7);
  REQUIRE(response.ok());
  CHECK(response->body.view() == "all there is");
}

TEST_CASE("what is cut, malformed or too long is an error") {
  const auto kind = [](std::string_view bytes, uint64_t most = 1000) {
    const auto response = read(bytes, 3, "GET", most);
    REQUIRE_FALSE(response.ok());
    return response.error().kind;
  };
  CHECK(kind("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhell") == ErrorKind::transient);
  CHECK(kind("HTTP/1.1 200 OK\r\nConten") == ErrorKind::transient);
  CHECK(kind("SSH-2.0-OpenSSH_9.2\r\n\r\n") == ErrorKind::transient);
  CHECK(kind("HTTP/1.1 200 OK\r\nno colon\r\n\r\n") == ErrorKind::transient);
  CHECK(kind("HTTP/1.1 200 OK\r\nContent-Length: -5\r\n\r\n") == ErrorKind::transient);
  CHECK(kind("HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\nhello") ==
        ErrorKind::transient);
  CHECK(kind("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nxyz\r\n") ==
        ErrorKind::transient);
  CHECK(kind("HTTP/1.1 200 OK\r\nContent-Length: 11\r\n\r\n", 10) == ErrorKind::invalid);
  CHECK(kind("HTTP/1.1 200 OK\r\n\r\n0123456789x", 10) == ErrorKind::invalid);
  CHECK(kind("HTTP/1.1 200 OK\r\nX: " + std::string(70'000, 'x')) == ErrorKind::transient);
}

TEST_CASE("a folded header is one header: its second line belongs to the first") {
  const std::string folded =
      "HTTP/1.1 200 OK\r\nLink: <https://a/1>; rel=\"prev\",\r\n <https://a/3>; rel=\"next\"\r\n"
      "X-Empty:\r\n\t\r\n\tvalue\r\nContent-Length: 2\r\n\r\nok";
  for (size_t step = 1; step < 150; ++step) {
    const auto response = read(folded, step);
    REQUIRE(response.ok());
    CHECK(response->headers ==
          Headers{{"Link", "<https://a/1>; rel=\"prev\", <https://a/3>; rel=\"next\""},
                  {"X-Empty", "value"},
                  {"Content-Length", "2"}});
    CHECK(response->body.view() == "ok");
  }
  CHECK_FALSE(read("HTTP/1.1 200 OK\r\n folded: nothing\r\n\r\n", 7).ok());
}

TEST_CASE("a header's name is a token, and nothing within a header breaks its line") {
  const auto reads = [](const std::string& field) {
    return read("HTTP/1.1 200 OK\r\n" + field + "\r\nContent-Length: 0\r\n\r\n", 7).ok();
  };
  CHECK(reads("X-Name_1.a: value"));
  CHECK(reads("X-Empty:"));
  for (const std::string& field :
       {std::string("Content-Length : 5"), std::string("A B: 1"), std::string(": 1"),
        std::string("X(y): 1"), std::string("A: 1\rB: 2"), std::string("A: 1\0", 5),
        std::string("A\t: 1")}) {
    CAPTURE(field);
    CHECK_FALSE(reads(field));
  }
}

TEST_CASE("interim answers, and fields behind the body, don't go on for ever") {
  std::string interim, trailers;
  for (int i = 0; i < 20; ++i) {
    interim += "HTTP/1.1 102 Processing\r\n\r\n";
    trailers += "X-Some: 1\r\n";
  }
  const std::string chunked = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n";
  CHECK(read(interim + chunked + trailers + "\r\n", 1000).ok());
  for (int i = 0; i < 4; ++i) interim += interim, trailers += trailers;
  CHECK_FALSE(read(interim + chunked + "\r\n", 1000).ok());
  CHECK_FALSE(read(chunked + trailers + "\r\n", 1000).ok());
  CHECK_FALSE(read(chunked + "X: " + std::string(60'000, 'x') +
                       "\r\nX: " + std::string(60'000, 'x') + "\r\n\r\n",
                   1000)
                  .ok());
}

TEST_CASE("of a refusal's body no more is read than its reason takes, and its status counts") {
  const std::string endless = "HTTP/1.1 429 Slow\r\n\r\n" + std::string(200'000, 'x');
  const std::string chunk = "4000\r\n" + std::string(0x4000, 'x') + "\r\n";
  const std::string chunked = "HTTP/1.1 500 Broken\r\nTransfer-Encoding: chunked\r\n\r\n" + chunk +
                              chunk + chunk + chunk + chunk + chunk;
  const std::string sized =
      "HTTP/1.1 404 Not\r\nContent-Length: 200000\r\n\r\n" + std::string(200'000, 'x');
  for (const size_t step : {1'000, 100'000'000}) {
    for (const std::string& bytes : {endless, chunked, sized}) {
      ResponseReader reader;
      reader.begin("GET", 1 << 20);
      std::string_view rest = bytes;
      while (!reader.done() && !rest.empty()) {
        const auto taken = reader.take(rest.substr(0, step));
        REQUIRE(taken.ok());
        rest.remove_prefix(*taken);
      }
      CHECK(reader.done());
      CHECK(reader.response().body.size() == ResponseReader::refusal_bytes_max);
      CHECK_FALSE(reader.keeps_connection());
    }
  }
  // One that is longer than its caller cares for is a refusal all the same.
  CHECK(read("HTTP/1.1 403 No\r\nContent-Length: 20\r\n\r\n01234567890123456789", 7, "GET", 10)
            ->body.view() == "0123456789");
}

TEST_CASE("a body that ends with the connection is whole where TLS says so, else perhaps") {
  using End = ResponseReader::End;
  const auto read_until = [](End how) -> Result<HttpResponse> {
    ResponseReader reader;
    reader.begin("GET", 1000);
    TRY(reader.take("HTTP/1.1 200 OK\r\n\r\nall there is"));
    TRY(reader.end(how));
    return std::move(reader.response());
  };
  CHECK_FALSE(read_until(End::said_so)->may_be_cut);
  CHECK(read_until(End::plain)->may_be_cut);
  REQUIRE_FALSE(read_until(End::cut).ok());
  CHECK(read_until(End::cut).error().kind == ErrorKind::transient);
}

TEST_CASE("the connection is kept as the peer says") {
  const auto keeps = [](std::string_view bytes) {
    ResponseReader reader;
    reader.begin("GET", 1000);
    REQUIRE(reader.take(bytes).ok());
    REQUIRE(reader.done());
    return reader.keeps_connection();
  };
  CHECK(keeps("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"));
  CHECK_FALSE(keeps("HTTP/1.1 200 OK\r\nContent-Length: 0\r\nconnection: Close\r\n\r\n"));
  CHECK_FALSE(keeps("HTTP/1.0 200 OK\r\nContent-Length: 0\r\n\r\n"));
  CHECK(keeps("HTTP/1.0 200 OK\r\nContent-Length: 0\r\nConnection: keep-alive\r\n\r\n"));
  // Two ways to say where it ends, and another protocol.
  CHECK_FALSE(
      keeps("HTTP/1.1 200 OK\r\nContent-Length: 9\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"));
  CHECK_FALSE(keeps("HTTP/1.1 101 Switching\r\nUpgrade: h2c\r\n\r\n"));
}

}  // namespace sluice
