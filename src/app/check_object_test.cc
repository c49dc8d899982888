#include "app/check_object.h"

#include <doctest/doctest.h>

#include "store/memory.h"

namespace sluice {
namespace {

// {"n":1} and a line feed, as one gzip member.
const std::string member(
    "\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\xff\xab\x56\xca\x53\xb2\x32\xac\xe5\x02\x00\x93\x11\xbe"
    "\x85"
    "\x08\x00\x00\x00",
    28);

Result<ObjectFigures> read_back(const std::string& bytes) {
  const auto lake = make_memory_store("lake:");
  const Key key("a.jsonl.gz");
  const auto put = call_for<Done>(*lake, Put{key, bytes});
  REQUIRE(put.ok());
  return read_again(*lake, key, put->etag, bytes.size());
}

}  // namespace

TEST_CASE("an object that is read again is counted behind all of its members") {
  const auto figures = read_back(member + member);
  REQUIRE(figures.ok());
  CHECK(figures->bytes == 56);
  CHECK(figures->records == 2);
}

TEST_CASE("an object whose rest can't be inflated is corrupt, however good its beginning is") {
  const auto figures = read_back(member + "plain text");
  REQUIRE_FALSE(figures.ok());
  CHECK(figures.error().kind == ErrorKind::corrupt);
  CHECK(figures.error().message.find("gzip: compressed byte 28 ") != std::string::npos);
}

}  // namespace sluice
