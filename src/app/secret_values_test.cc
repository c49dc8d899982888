#include "app/secret_values.h"

#include <doctest/doctest.h>

#include <atomic>
#include <string>

#include "app/testing.h"
#include "http/server_for_tests.h"

namespace sluice {
namespace {

SecretReference of(SecretReference::Kind kind, std::string name, std::string key = {}) {
  return {.kind = kind, .name = std::move(name), .key = std::move(key), .text = {}};
}

constexpr auto file = SecretReference::Kind::file;
constexpr auto secret = SecretReference::Kind::secretsmanager;
constexpr auto ssm = SecretReference::Kind::ssm;

}  // namespace

TEST_CASE("a file's secret is its text without the line break at its end") {
  const TestFolder folder;
  SecretValues values((Environment()));
  CHECK(*values.find(of(file, folder.write("token", "t0ken \n"))) == "t0ken ");
  CHECK(*values.find(of(file, folder.write("windows", "t0ken\r\n"))) == "t0ken");
  CHECK(*values.find(of(file, folder.write("two", "a\n\n"))) == "a\n");
  const auto missing = values.find(of(file, folder / "missing"));
  REQUIRE_FALSE(missing.ok());
  CHECK(missing.error().kind == ErrorKind::invalid);
  CHECK(missing.error().message == folder / "missing" + ": No such file or directory");
  CHECK(values.find(of(file, folder / "")).error().message.find("directory") != std::string::npos);
  const auto large = values.find(of(file, folder.write("large", std::string(65'537, 'x'))));
  CHECK(large.error().message.find("over 64 KiB") != std::string::npos);
  CHECK_FALSE(values.find(of(file, folder.write("binary", std::string("a\0b", 3)))).ok());
}

TEST_CASE("each of AWS's secrets is fetched once, two keys of one together") {
  std::atomic<int> requests{0};
  TestServer server([&](Peer& peer) {
    for (std::string request; !(request = peer.request()).empty();) {
      ++requests;
      peer.answer(request.find("GetSecretValue") != std::string::npos
                      ? R"({"SecretString":"{\"user\":\"me\",\"password\":\"pw\"}"})"
                      : R"({"Parameter":{"Value":"p"}})");
    }
  });
  SecretValues values({{{"AWS_ENDPOINT_URL", server.url("")},
                        {"AWS_REGION", "eu-west-1"},
                        {"AWS_ACCESS_KEY_ID", "AKID"},
                        {"AWS_SECRET_ACCESS_KEY", "key"}}});
  CHECK(*values.find(of(secret, "db", "user")) == "me");
  CHECK(*values.find(of(secret, "db", "password")) == "pw");
  CHECK(*values.find(of(ssm, "/a")) == "p");
  CHECK(*values.find(of(ssm, "/a")) == "p");
  CHECK(requests == 2);
  CHECK_FALSE(values.find(of(secret, "db", "absent")).ok());
}

TEST_CASE("without a region the reason is told, and it is told again without asking") {
  SecretValues values({{{"AWS_ACCESS_KEY_ID", "AKID"}, {"AWS_SECRET_ACCESS_KEY", "key"}}});
  for (int i = 0; i < 2; ++i)
    CHECK(values.find(of(ssm, "/a")).error().message.find("no region") != std::string::npos);
}

}  // namespace sluice
