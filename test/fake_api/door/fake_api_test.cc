#include "fake_api/door/fake_api.h"

#include <doctest/doctest.h>

#include "base/checksum.h"
#include "servers/control.h"

namespace sluice {
namespace {

TEST_CASE("The fake API starts, tells what is right, and counts what was asked") {
  const FakeApi api({"--records", "12", "--page-records", "5"});
  api.begin("page=2 status=500 times=1");
  CHECK(api.url("/page") == "http://127.0.0.1:" + std::to_string(api.port()) + "/page");
  for (const int status : {500, 200}) {
    const auto answer = control(api.port(), "GET", "/page?page=2");
    REQUIRE(answer.ok());
    CHECK(answer->status == status);
  }
  CHECK(api.asked("/page", 2) == 2);
  CHECK(api.asked("/page", 1) == 0);
  CHECK(api.asked("/cursor", 1) == 0);
  CHECK(api.count("requests") == 2);
  CHECK(api.count("500", "by_status") == 1);
  CHECK(api.count("404", "by_status") == 0);

  uint64_t bytes = 0, sum = 0;
  const std::vector<std::string> records = api.expected(2);
  for (const std::string& record : records) {
    bytes += record.size() + 1;
    sum += crc32(record);
  }
  const FakeApi::Digest digest = api.digest(2);
  CHECK(digest == FakeApi::Digest{10, bytes, digest.sha256, sum});
  CHECK(digest.sha256.size() == 64);
  api.begin();
  CHECK(api.count("requests") == 0);
}

}  // namespace
}  // namespace sluice
