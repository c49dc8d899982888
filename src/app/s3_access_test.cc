// S3 as a job and its environment name it, spoken to over a server on the loopback that keeps what
// it is asked.
#include "app/s3_access.h"

#include <doctest/doctest.h>

#include <mutex>

#include "app/parts.h"
#include "http/server_for_tests.h"
#include "job/job_file.h"

namespace sluice {
namespace {

// Answers everything like an S3 that has nothing but one small object everywhere.
class Listener {
 public:
  std::string url() const { return server_.url(""); }
  std::vector<std::string> heads() {
    const std::lock_guard lock(mutex_);
    return heads_;
  }

 private:
  void serve(Peer& peer) {
    for (std::string request; !(request = peer.request()).empty();) {
      const std::lock_guard lock(mutex_);
      heads_.push_back(request.substr(0, request.find("\r\n\r\n")));
      peer.say("HTTP/1.1 200 OK\r\nETag: \"e\"\r\nContent-Length: 1\r\n\r\nx");
    }
  }
  std::mutex mutex_;
  std::vector<std::string> heads_;  // Guarded by mutex_
  TestServer server_{[this](Peer& peer) { serve(peer); }};
};

Environment with_keys(std::map<std::string, std::string, std::less<>> more = {}) {
  more.insert({{"AWS_ACCESS_KEY_ID", "AKID"},
               {"AWS_SECRET_ACCESS_KEY", "key"},
               {"AWS_REGION", "eu-west-1"},
               {"AWS_CONFIG_FILE", "/dev/null"},
               {"AWS_SHARED_CREDENTIALS_FILE", "/dev/null"},
               {"AWS_EC2_METADATA_DISABLED", "true"}});
  return {more};
}

// Owns what Settings point into.
Settings lake_of(const std::string& group) {
  auto job = parse_job("job.yaml",
                       "name: j\n"
                       "source: { objects: \"s3://logs/a/\" }\n"
                       "sink: { lake: \"s3://lake/\", partition: \"dt={.t:%F}/\", "
                       "single_writer: true, s3: { " +
                           group + " } }\n",
                       {}, {}, all_parts());
  REQUIRE_MESSAGE(job.ok(), job.error().message);
  return job->sink;
}

// The head of the request with which the lake of such a job gets one object.
std::string head_of_get(const std::string& group, const Environment& environment,
                        Listener& listener) {
  const auto access = S3Access::make(environment);
  REQUIRE(access.ok());
  const auto store = (*access)->open("lake", lake_of(group));
  REQUIRE_MESSAGE(store.ok(), store.error().message);
  REQUIRE(call(**store, Get{.key = Key("a"), .most = 100}).ok());
  return listener.heads().back();
}

bool has(std::string_view text, std::string_view words) {
  return text.find(words) != text.npos;
}

}  // namespace

TEST_CASE("requests go to the endpoint of the environment, path style, signed for its region") {
  Listener listener;
  const std::string head =
      head_of_get("", with_keys({{"AWS_ENDPOINT_URL_S3", listener.url()}}), listener);
  CHECK(head.starts_with("GET /lake/a HTTP/1.1\r\n"));
  CHECK(has(head, "Credential=AKID/"));
  CHECK(has(head, "/eu-west-1/s3/aws4_request"));
}

TEST_CASE("what the job says of its side goes before the environment") {
  Listener listener;
  const Environment environment = with_keys({{"AWS_ENDPOINT_URL_S3", "http://127.0.0.1:1"}});
  const std::string head =
      head_of_get("endpoint: \"" + listener.url() + "\", region: ap-south-1, requester_pays: true",
                  environment, listener);
  CHECK(has(head, "/ap-south-1/s3/aws4_request"));
  CHECK(has(head, "x-amz-request-payer: requester"));
}

TEST_CASE("unsigned requests need no credentials and carry no signature") {
  Listener listener;
  const Environment nobody{{{"AWS_ENDPOINT_URL_S3", listener.url()},
                            {"AWS_REGION", "eu-west-1"},
                            {"AWS_CONFIG_FILE", "/dev/null"},
                            {"AWS_EC2_METADATA_DISABLED", "true"}}};
  CHECK_FALSE(has(head_of_get("unsigned: true", nobody, listener), "uthorization"));
}

TEST_CASE("the store tells what the job says that it lacks") {
  const auto access = S3Access::make(with_keys());
  REQUIRE(access.ok());
  const auto store = (*access)->open("lake", lake_of("lacks: [exact_delete, list_uploads]"));
  REQUIRE(store.ok());
  CHECK((*store)->name() == "s3://lake/");
  CHECK_FALSE((*store)->features().exact_delete);
  CHECK_FALSE((*store)->features().lists_uploads);
  CHECK((*store)->features().conditional_put);
  CHECK((*store)->features().part_bytes_min == 5 << 20);
}

TEST_CASE("what can't be used of the environment is told before anything is asked") {
  const auto error_of = [](const Environment& environment) -> Error {
    auto access = S3Access::make(environment);
    if (!access.ok()) return access.error();
    const auto store = (*access)->open("lake", lake_of(""));
    return store.ok() ? Error{ErrorKind::internal, "no error"} : store.error();
  };
  const Error bundle = error_of(with_keys({{"AWS_CA_BUNDLE", "/no/such/ca.pem"}}));
  CHECK(bundle.kind == ErrorKind::invalid);
  CHECK(has(bundle.message, "/no/such/ca.pem"));
  for (const char* attempts : {"0", "many", "-1"}) {
    const Error wrong = error_of(with_keys({{"AWS_MAX_ATTEMPTS", attempts}}));
    CHECK(wrong.kind == ErrorKind::invalid);
    CHECK(has(wrong.message, "AWS_MAX_ATTEMPTS"));
  }
  Environment nobody = with_keys();
  nobody.variables.erase("AWS_ACCESS_KEY_ID");
  nobody.variables.erase("AWS_SECRET_ACCESS_KEY");
  CHECK(error_of(nobody).kind == ErrorKind::denied);
}

TEST_CASE("a request is tried as often as AWS_MAX_ATTEMPTS says") {
  std::atomic<int> asked{0};
  TestServer server([&](Peer& peer) {
    while (!peer.request().empty()) {
      ++asked;
      peer.answer("", "500 Internal Server Error");
    }
  });
  const auto access = S3Access::make(
      with_keys({{"AWS_ENDPOINT_URL_S3", server.url("")}, {"AWS_MAX_ATTEMPTS", "2"}}));
  REQUIRE(access.ok());
  const auto store = (*access)->open("lake", lake_of(""));
  REQUIRE(store.ok());
  CHECK_FALSE(call(**store, Head{Key("a")}).ok());
  CHECK(asked == 2);
}

}  // namespace sluice
