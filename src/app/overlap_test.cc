#include "app/overlap.h"

#include <doctest/doctest.h>

#include "app/parts.h"

namespace sluice {
namespace {

struct Side {
  std::string url;
  std::string endpoint = {};
};

// Is a job with these two refused, since they lie in each other?
bool is_refused(const Side& source, const Side& lake, const std::string& environment = {},
                const std::string& more = {}) {
  const auto words = [](const Side& side) {
    return side.endpoint.empty() ? std::string() : ", s3: { endpoint: \"" + side.endpoint + "\" }";
  };
  Environment around;
  if (!environment.empty()) around.variables["AWS_ENDPOINT_URL_S3"] = environment;
  const auto job =
      parse_job("job.yaml",
                "name: o\nunits: { each: day }\nsource: { objects: { url: \"" + source.url + "\"" +
                    words(source) + " } }\ndecode: jsonl\nsink: { lake: \"" + lake.url + "\"" +
                    words(lake) + more + ", format: jsonl }\n",
                around, {}, all_parts());
  REQUIRE_MESSAGE(job.ok(), job.error().message);
  const Status status = check_overlap(*job, around);
  if (!status.ok()) CHECK(status.error().message.find("lie in each other") != std::string::npos);
  return !status.ok();
}

}  // namespace

TEST_CASE("in a bucket, a lake in its own source is refused, and a source in its lake") {
  CHECK(is_refused({"s3://bucket/"}, {"s3://bucket/"}));
  CHECK(is_refused({"s3://bucket"}, {"s3://bucket/lake"}));
  CHECK(is_refused({"s3://bucket/lake/raw/{unit:%F}/"}, {"s3://bucket/lake"}));
  CHECK(is_refused({"s3://bucket/lake/raw/{unit:%F}/"}, {"s3://bucket/"}));
  CHECK(is_refused({"s3://bucket/in/"}, {"s3://bucket/in/lake/"}));
  CHECK(is_refused({"s3://bucket/lake/_sluice/"}, {"s3://bucket/lake/"}));
  CHECK(is_refused({"s3://bucket/lake/_sluice/o/"}, {"s3://bucket/lake"}));
  CHECK(is_refused({"s3://bucket/in/"}, {"s3://bucket/lake/"}, "",
                   ", state: \"s3://bucket/in/state\""));
  CHECK_FALSE(is_refused({"s3://bucket/in/"}, {"s3://bucket/in-lake/"}));
  CHECK_FALSE(is_refused({"s3://bucket/in/"}, {"s3://bucket/lake/"}));
  CHECK_FALSE(is_refused({"s3://other/in/"}, {"s3://bucket/in/"}));
  CHECK_FALSE(is_refused({"s3://bucket/in/{unit:%F}/"}, {"s3://bucket/in/lake/"}));
}

TEST_CASE("one bucket is one, however the URL of its server is spelled") {
  const auto is_one = [](const std::string& a, const std::string& b, const std::string& env = {}) {
    return is_refused({"s3://bucket/in/", a}, {"s3://bucket/in/lake/", b}, env);
  };
  CHECK(is_one("http://minio.example:9000", "HTTP://MinIO.Example:9000/"));
  CHECK(is_one("http://minio.example", "http://minio.example:80/"));
  CHECK(is_one("https://minio.example:443", "https://minio.example./"));
  CHECK(is_one("http://minio.example:9000", "", "http://minio.example:9000/"));
  CHECK(is_one("", "", "http://minio.example:9000/"));
  CHECK(is_one("http://localhost:9000", "http://127.0.0.1:9000"));
  CHECK(is_one("http://localhost:9000", "http://[::1]:9000"));
  CHECK(is_one("https://s3.eu-west-1.amazonaws.com", ""));
  CHECK(is_one("https://s3.dualstack.eu-west-1.amazonaws.com", "https://s3.amazonaws.com"));
  CHECK_FALSE(is_one("http://minio.example:9000", "http://minio.example:9001"));
  CHECK_FALSE(is_one("http://a.example:9000", "http://b.example:9000"));
  CHECK_FALSE(is_one("http://minio.example:9000", ""));
}

}  // namespace sluice
