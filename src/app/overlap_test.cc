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

TEST_CASE("a lake's objects and the records of its job may have one name") {
  const auto meet = [](const std::string& lake, const std::string& more,
                       const std::string& units = "each: day") {
    const auto job = parse_job("job.yaml",
                               "name: o\nunits: { " + units +
                                   " }\nsource: { objects: \"in/\" }\ndecode: jsonl\n"
                                   "sink: { lake: \"" +
                                   lake + "\", format: jsonl, " + more + " }\n",
                               {}, {}, all_parts());
    REQUIRE_MESSAGE(job.ok(), job.error().message);
    const Status status = check_overlap(*job, {});
    if (!status.ok())
      CHECK_MESSAGE(status.error().message.find("state: the job's rec") != std::string::npos,
                    status.error().message);
    return !status.ok();
  };
  const std::string list = "each: list, values: [ a, o ]", bucket = "s3://bucket/lake/",
                    same = "state: \"" + bucket;
  CHECK(meet(bucket, same + "\", name: \"o/{unit:%F}.json\""));
  CHECK(meet(bucket, same + "\", name: \"{.kind}/{unit:%F}-{n}.json\""));
  CHECK(meet(bucket, same + "\", partition: \"o/dt={.t:%F}/\""));
  CHECK(meet(bucket, same + "\", partition: \"{unit}/\"", list));
  CHECK(meet(bucket, same + "state\", partition: \"{.kind}/{.other}/\""));
  CHECK(meet(bucket, same + "state\", partition: \"sta{.kind}/o/dt={.t:%F}/\""));
  CHECK(meet(bucket, same + "2024\", partition: \"{.t:%Y}/{.kind}/\""));
  CHECK(meet(bucket, same + "_sluice/set_aside\""));
  CHECK(meet("s3://bucket/state/o/", "state: \"s3://bucket/state/\""));
  CHECK(meet("s3://bucket/state/o/lake", "state: \"s3://bucket/state\""));
  CHECK(meet("lake/", "state: \"./lake/../lake/\", partition: \"{.kind}/\""));

  CHECK_FALSE(meet(bucket, "partition: \"{.kind}/{.other}/\""));
  CHECK_FALSE(meet(bucket, same + "\""));
  CHECK_FALSE(meet(bucket, same + "_sluice/\", partition: \"{.kind}/{.other}/\""));
  CHECK_FALSE(meet(bucket, same + "_sluice/more\", partition: \"{.kind}/{.other}/\""));
  CHECK_FALSE(meet(bucket, same + "\", partition: \"dt={.t:%F}/\""));
  CHECK_FALSE(meet(bucket, same + "\", partition: \"{unit}/\""));
  CHECK_FALSE(meet(bucket, same + "\", partition: \"{unit}/\"", "each: list, values: [ a, oo ]"));
  CHECK_FALSE(meet(bucket, same + "\", name: \"oo/{unit:%F}.json\""));
  CHECK_FALSE(meet(bucket, same + "state\", partition: \"{.kind}/dt={.t:%F}/\""));
  CHECK_FALSE(meet(bucket, same + "state\", partition: \"{unit:%Y/%m}/{.kind}/\""));
  CHECK_FALSE(meet("s3://bucket/state/o-lake/", "state: \"s3://bucket/state/\""));
  CHECK_FALSE(meet("s3://bucket/o/", "state: \"s3://other/\""));
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
