#include "store/open.h"

#include <doctest/doctest.h>

namespace sluice {
namespace {

std::string parsed(std::string_view text) {
  const auto url = parse_store_url(text);
  if (!url.ok()) return "error: " + url.error().message;
  static constexpr std::string_view schemes[] = {"directory", "memory", "s3"};
  return std::string(schemes[static_cast<size_t>(url->scheme)]) + " " + url->root + " " +
         url->prefix;
}

}  // namespace

TEST_CASE("a store's address is a path, a file URL, an S3 URL or memory:") {
  CHECK(parsed("/abs") == "directory /abs ");
  CHECK(parsed("/abs/dir//") == "directory /abs/dir ");
  CHECK(parsed("./rel") == "directory ./rel ");
  CHECK(parsed("rel/dir/") == "directory rel/dir ");
  CHECK(parsed("/") == "directory / ");
  CHECK(parsed("a/b://c") == "directory a/b://c ");
  CHECK(parsed("file:///abs/dir/") == "directory /abs/dir ");
  CHECK(parsed("file:///") == "directory / ");
  CHECK(parsed("s3://lake") == "s3 lake ");
  CHECK(parsed("s3://lake/") == "s3 lake ");
  CHECK(parsed("s3://lake/raw/x/") == "s3 lake raw/x/");
  CHECK(parsed("s3://lake/raw") == "s3 lake raw");
  CHECK(parsed("memory:") == "memory  ");
}

TEST_CASE("an address that means nothing is refused with what to write instead") {
  CHECK(parsed("") == "error: a directory or s3://bucket/prefix/ is needed, not nothing");
  CHECK(parsed("s3:///x") == "error: \"s3:///x\": there is no bucket; write s3://bucket/prefix/");
  CHECK(parsed("s3://a b/x") == "error: \"s3://a b/x\": \"a b\" can't be a bucket's name");
  CHECK(parsed("gs://b/x") ==
        "error: \"gs://b/x\": unknown scheme \"gs\"; there are s3://bucket/prefix/, "
        "file:///directory/ and plain paths");
  CHECK(parsed("file://host/x").starts_with("error: "));
}

TEST_CASE("an address says again what it meant") {
  CHECK(parse_store_url("s3://lake/raw/")->str() == "s3://lake/raw/");
  CHECK(parse_store_url("file:///data/lake")->str() == "/data/lake/");
  CHECK(parse_store_url("/")->str() == "/");
}

}  // namespace sluice
