// The servers themselves: that each starts, answers what is signed by another hand, and ends; and
// that the proxy breaks what it says. What Sluice does with them is tested elsewhere.
#include "servers/servers.h"

#include <doctest/doctest.h>

#include <chrono>

#include "servers/control.h"
#include "servers/toxiproxy.h"

namespace sluice {
namespace {

using Server = Result<std::unique_ptr<S3Server>>;

// Whether there is one to test; says why not.
template <class Started>
bool is_here(const Started& started) {
  if (!started.ok()) CHECK_MESSAGE(skipped(started.error()), started.error().message);
  return started.ok();
}

void keeps_an_object(const S3Server& server) {
  const std::string path = "/" + server.bucket() + "/a%20folder/one.txt";
  const Result<std::string> put = signed_request(server, "PUT", path, "some bytes\n");
  REQUIRE_MESSAGE(put.ok(), put.error().message);
  const Result<std::string> got = signed_request(server, "GET", path);
  REQUIRE_MESSAGE(got.ok(), got.error().message);
  CHECK(*got == "some bytes\n");
  const Result<std::string> listed =
      signed_request(server, "GET", "/" + server.bucket() + "?list-type=2&prefix=a%20folder%2F");
  REQUIRE_MESSAGE(listed.ok(), listed.error().message);
  CHECK(listed->find("<Key>a folder/one.txt</Key>") != listed->npos);
}

void refuses_what_is_not_signed(const S3Server& server) {
  const Result<ControlAnswer> answer = control(server.port(), "GET", "/" + server.bucket());
  REQUIRE(answer.ok());
  CHECK(answer->status == 403);
}

void ends(S3Server& server) {
  const Status stopped = server.stop();
  CHECK_MESSAGE(stopped.ok(), stopped.error().message);
  CHECK_FALSE(control(server.port(), "GET", "/").ok());
  CHECK(server.stop().ok());
}

TEST_CASE("versitygw starts, keeps an object, refuses what isn't signed, and ends") {
  const Server server = start_versitygw();
  if (!is_here(server)) return;
  keeps_an_object(**server);
  refuses_what_is_not_signed(**server);
  ends(**server);
}

TEST_CASE("MinIO starts, keeps an object, refuses what isn't signed, and ends") {
  const Server server = start_minio();
  if (!is_here(server)) return;
  keeps_an_object(**server);
  refuses_what_is_not_signed(**server);
  ends(**server);
}

TEST_CASE("our fake starts, keeps an object, refuses what isn't signed, and ends") {
  const Server server = start_fake_s3({});
  REQUIRE_MESSAGE(server.ok(), server.error().message);
  keeps_an_object(**server);
  refuses_what_is_not_signed(**server);
  ends(**server);
}

TEST_CASE("our fake heeds its arguments, and says what is wrong with them") {
  const Server server = start_fake_s3({"--bucket", "another"});
  REQUIRE_MESSAGE(server.ok(), server.error().message);
  CHECK(signed_request(**server, "GET", "/another?list-type=2").ok());
  const Server wrong = start_fake_s3({"--no-such-option"});
  REQUIRE_FALSE(wrong.ok());
  CHECK(wrong.error().message.find("--no-such-option: no such option") != std::string::npos);
}

TEST_CASE("a proxy loses the answer of a PUT whose object is there") {
  const Server server = start_versitygw();
  if (!is_here(server)) return;
  const Result<std::unique_ptr<Toxiproxy>> proxy = start_toxiproxy(**server);
  if (!is_here(proxy)) return;
  const std::string path = "/" + (*server)->bucket() + "/lost";
  REQUIRE((*proxy)->add(Toxic::limit_data, Stream::downstream, 0).ok());
  CHECK_FALSE(signed_request(**server, "PUT", path, "lost?", (*proxy)->endpoint()).ok());
  REQUIRE((*proxy)->remove(Toxic::limit_data, Stream::downstream).ok());
  const Result<std::string> got = signed_request(**server, "GET", path, {}, (*proxy)->endpoint());
  REQUIRE_MESSAGE(got.ok(), got.error().message);
  CHECK(*got == "lost?");
}

TEST_CASE("a proxy delays, resets and starves, until it is told to stop that") {
  const Server server = start_versitygw();
  if (!is_here(server)) return;
  const Result<std::unique_ptr<Toxiproxy>> proxy = start_toxiproxy(**server);
  if (!is_here(proxy)) return;
  const auto get = [&] {
    return signed_request(**server, "GET", "/" + (*server)->bucket(), {}, (*proxy)->endpoint());
  };
  CHECK(get().ok());
  REQUIRE((*proxy)->add(Toxic::latency, Stream::downstream, 300).ok());
  const auto begun = std::chrono::steady_clock::now();
  CHECK(get().ok());
  CHECK(std::chrono::steady_clock::now() - begun >= std::chrono::milliseconds(300));
  REQUIRE((*proxy)->add(Toxic::reset_peer, Stream::upstream, 0).ok());
  CHECK_FALSE(get().ok());
  REQUIRE((*proxy)->remove_all().ok());
  REQUIRE((*proxy)->add(Toxic::timeout, Stream::downstream, 50).ok());
  CHECK_FALSE(get().ok());
  REQUIRE((*proxy)->remove_all().ok());
  CHECK(get().ok());
  CHECK((*proxy)->stop().ok());
}

TEST_CASE("a server that ends by itself is an error with its last words") {
  Result<std::unique_ptr<Process>> process =
      Process::start({"/bin/sh", {"-c", "echo so long; exit 4"}, {}, {}},
                     std::move(TemporaryDirectory::make()).value());
  REQUIRE(process.ok());
  const Status ready = (*process)->wait_until_ready(10, [] { return false; });
  REQUIRE_FALSE(ready.ok());
  CHECK(ready.error().message == "sh ended before it was ready; the end of its output: so long\n");
  CHECK_FALSE((*process)->stop().ok());
  CHECK((*process)->stop().ok());
}

TEST_CASE("a server that isn't here is a skip, and nothing else is") {
  const Result<std::string> found = find_server("no-such-server");
  REQUIRE_FALSE(found.ok());
  CHECK(found.error().message == "no-such-server is not here; ./dev servers brings it");
  CHECK_FALSE(skipped(Error{ErrorKind::not_found, "no such object"}));
}

}  // namespace
}  // namespace sluice
