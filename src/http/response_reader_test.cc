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
  if (!reader.done()) TRY(reader.end());
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
}

}  // namespace sluice
