#include "aws/error.h"

#include <doctest/doctest.h>

#include <cstdio>

#include "aws/shared_data.h"
#include "base/time.h"

namespace sluice::aws {
namespace {

constexpr std::string_view date_text = "Thu, 08 Feb 2024 10:00:00 GMT";

WallTime date() {
  return parse_time("2024-02-08T10:00:00Z").value();
}

Failure classified(int status, std::string_view body = {}, Headers headers = {}) {
  HttpResponse response;
  response.status = status;
  response.headers = std::move(headers);
  response.body = Buffer::of(body);
  return classify(response, date());
}

std::string s3_error(std::string_view code, std::string_view more = {}) {
  std::string body = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<Error><Code>";
  body.append(code).append("</Code><Message>Said so.</Message>").append(more);
  return body + "<RequestId>R1</RequestId></Error>";
}

TEST_CASE("A throttle slows everybody down, a random 5xx does not") {
  for (const Failure& failure :
       {classified(503, s3_error("SlowDown")), classified(503), classified(429),
        classified(400, R"({"__type":"com.amazon#ThrottlingException","message":"Rate exceeded"})"),
        classified(400, s3_error("RequestLimitExceeded"))}) {
    CHECK(failure.error.kind == ErrorKind::throttled);
    CHECK(failure.is_retryable);
  }
  for (const Failure& failure :
       {classified(500), classified(502, "<html><body>Bad gateway</body></html>"), classified(504),
        classified(500, s3_error("InternalError")), classified(503, s3_error("ServiceUnavailable")),
        classified(400, s3_error("RequestTimeout"))}) {
    CHECK(failure.error.kind == ErrorKind::transient);
    CHECK(failure.is_retryable);
  }
  CHECK(classified(503).error.message == "503 SlowDown");
}

TEST_CASE("An error inside a 200 is an error") {
  CHECK(has_error(s3_error("InternalError")));
  CHECK(has_error("  \n\n<Error><Code>SlowDown</Code></Error>"));
  CHECK(!has_error("<CompleteMultipartUploadResult><ETag>\"a\"</ETag>"));
  CHECK(!has_error("<Errors/>"));
  CHECK(!has_error(""));
  CHECK(classified(200, s3_error("InternalError")).error.kind == ErrorKind::transient);
  CHECK(classified(200, s3_error("SlowDown")).error.kind == ErrorKind::throttled);
  CHECK(classified(200, s3_error("SomethingNew")).error.kind == ErrorKind::transient);
}

TEST_CASE("Preconditions and races are conflicts; races may be tried again") {
  CHECK(classified(412, s3_error("PreconditionFailed")).error.kind == ErrorKind::conflict);
  CHECK(!classified(412, s3_error("PreconditionFailed")).is_retryable);
  CHECK(classified(412).error.kind == ErrorKind::conflict);
  for (const std::string_view code : {"ConditionalRequestConflict", "OperationAborted"}) {
    CHECK(classified(409, s3_error(code)).error.kind == ErrorKind::conflict);
    CHECK(classified(409, s3_error(code)).is_retryable);
  }
  CHECK(classified(400, s3_error("InvalidPart")).error.kind == ErrorKind::conflict);
}

TEST_CASE("A missing key is not a missing bucket") {
  CHECK(classified(404, s3_error("NoSuchKey")).error.kind == ErrorKind::not_found);
  CHECK(classified(404, s3_error("NoSuchUpload")).error.kind == ErrorKind::not_found);
  CHECK(classified(404).error.kind == ErrorKind::not_found);
  const Failure failure = classified(404, s3_error("NoSuchBucket"));
  CHECK(failure.error.kind == ErrorKind::invalid);
  CHECK(failure.error.message ==
        "404 NoSuchBucket: Said so; check the bucket's name, and the endpoint (request R1)");
}

TEST_CASE("Who is denied hears what to do") {
  const Failure denied = classified(403, s3_error("AccessDenied"));
  CHECK(denied.error.kind == ErrorKind::denied);
  CHECK(!denied.is_retryable);
  CHECK(denied.error.message ==
        "403 AccessDenied: Said so; allow it to these credentials, or use others (profile, role) "
        "(request R1)");
  const Failure expired = classified(400, s3_error("ExpiredToken", "<Token-0>secret</Token-0>"));
  CHECK(expired.error.kind == ErrorKind::denied);
  CHECK(expired.wants_new_credentials);
  CHECK(expired.is_retryable);
  CHECK(expired.error.message.find("secret") == std::string::npos);
  CHECK(classified(403).error.kind == ErrorKind::denied);
}

TEST_CASE("A skewed clock is told with how far, and can be signed around") {
  HttpResponse response;
  response.status = 403;
  response.headers = {{"Date", std::string(date_text)}};
  response.body = Buffer::of(s3_error("RequestTimeTooSkewed"));
  const Failure late = classify(response, WallTime{date().ns - 3600_s});
  CHECK(late.clock_offset == 3600_s);
  CHECK(late.is_retryable);
  CHECK(late.error.kind == ErrorKind::denied);
  CHECK(late.error.message.find("this machine's clock is 1 h 0 m late: set it") !=
        std::string::npos);
  CHECK(classify(response, WallTime{date().ns + 1200_s}).clock_offset == -1200_s);
  // A HEAD says nothing; a clock that is right isn't to blame.
  response.body = {};
  CHECK(classify(response, WallTime{date().ns + 1200_s}).clock_offset == -1200_s);
  CHECK(!classify(response, WallTime{date().ns + 10_s}).clock_offset);
  response.headers = {{"Date", "Mon, 01 Jan 0001 00:00:00 GMT"}};
  CHECK(!classify(response, date()).clock_offset);
}

TEST_CASE("A bucket in another region is told with its region") {
  const Headers elsewhere = {{"x-amz-bucket-region", "eu-central-1"}};
  for (const Failure& failure : {classified(301, s3_error("PermanentRedirect"), elsewhere),
                                 classified(301, {}, elsewhere), classified(400, {}, elsewhere),
                                 classified(400, s3_error("AuthorizationHeaderMalformed",
                                                          "<Region>eu-central-1</Region>"))}) {
    REQUIRE(failure.region);
    CHECK(failure.region->str() == "eu-central-1");
    CHECK(failure.error.kind == ErrorKind::invalid);
    CHECK(failure.is_retryable);
    CHECK(failure.error.message.find("the bucket is in eu-central-1") != std::string::npos);
  }
  // The header comes with every answer to a HEAD of a bucket.
  CHECK(!classified(403, {}, elsewhere).region);
  CHECK(!classified(301).region);
  CHECK(classified(301).error.kind == ErrorKind::invalid);
  CHECK(classified(307).error.kind == ErrorKind::transient);
}

TEST_CASE("a refusal that broke off before it said why is asked for again, whatever its status") {
  for (const int status : {400, 403, 404, 409, 412}) {
    HttpResponse response;
    response.status = status;
    response.broke_off = true;
    response.body = Buffer::of("<?xml version=\"1.0\"?><Error><Co");
    const Failure failure = classify(response, {});
    CHECK(failure.error.kind == ErrorKind::transient);
    CHECK(failure.is_retryable);
  }
}

TEST_CASE("An endpoint that isn't S3 is told as that") {
  for (const Failure& failure :
       {classified(200, "<!DOCTYPE html><html><body>Welcome</body></html>"),
        classified(404, "<html><head><title>404</title></head><body><br></body></html>"),
        classified(403, "Forbidden by policy")}) {
    CHECK(failure.error.kind == ErrorKind::invalid);
    CHECK(!failure.is_retryable);
    CHECK(failure.error.message.find("this endpoint does not speak S3") != std::string::npos);
    CHECK(failure.error.message.find('\n') == std::string::npos);
  }
}

TEST_CASE("The code is found in the query protocol's XML and in JSON's three places") {
  const Failure sts = classified(
      403,
      "<ErrorResponse xmlns=\"https://sts.amazonaws.com/doc/2011-06-15/\"><Error><Type>Sender"
      "</Type><Code>AccessDenied</Code><Message>No.</Message></Error><RequestId>8</RequestId>"
      "</ErrorResponse>");
  CHECK(sts.code == "AccessDenied");
  CHECK(sts.error.message.find("(request 8)") != std::string::npos);
  CHECK(classified(400, R"({"__type":"a.b#Foo:http://x","Message":"m"})").code == "Foo");
  CHECK(classified(400, R"({"code":"Foo","message":"m"})").error.message == "400 Foo: m");
  CHECK(classified(400, "{}", {{"X-Amzn-Errortype", "Foo:http://x"}}).code == "Foo");
  CHECK(classified(400, R"({"__type":"Bar"})",
                   {{"x-amzn-query-error", "AWS.SimpleQueueService.NonExistentQueue;Sender"}})
            .code == "AWS.SimpleQueueService.NonExistentQueue");
}

TEST_CASE("A wait that the server asks for is handed on") {
  CHECK(classified(503, {}, {{"Retry-After", "7"}}).retry_after == 7_s);
  CHECK(classified(503, {}, {{"x-amz-retry-after", "1500"}}).retry_after == 1500_ms);
  CHECK(classified(503, {}, {{"Retry-After", "Thu, 08 Feb 2024 10:00:05 GMT"}}).retry_after == 5_s);
  CHECK(!classified(503).retry_after);
}

TEST_CASE("A body that was damaged on the way may be sent again") {
  CHECK(classified(400, s3_error("BadDigest")).error.kind == ErrorKind::corrupt);
  CHECK(classified(400, s3_error("BadDigest")).is_retryable);
  CHECK(classified(501, s3_error("NotImplemented")).error.kind == ErrorKind::invalid);
  CHECK(classified(416, s3_error("InvalidRange")).error.kind == ErrorKind::invalid);
}

TEST_CASE("Real error bodies read as botocore reads them") {
  const std::vector<std::string> names = list_shared("s3xml/errors");
  size_t count = 0;
  for (const std::string& name : names) {
    if (!name.ends_with(".xml")) continue;
    const std::string stem = "s3xml/errors/" + name.substr(0, name.size() - 4);
    const std::string expected = read_shared(stem + ".json").value();
    const Failure failure = classified(400, read_shared(stem + ".xml").value());
    CHECK(json_text(expected, ".Error.Code") == failure.code);
    std::string text = json_text(expected, ".Error.Message").value();
    while (text.ends_with('.')) text.pop_back();  // The sentence goes on with what to do.
    CHECK(failure.error.message.find(text) != std::string::npos);
    ++count;
  }
  CHECK((names.empty() || count == 3));
}

}  // namespace
}  // namespace sluice::aws
