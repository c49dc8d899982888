#include "s3/answers.h"

#include <doctest/doctest.h>

namespace sluice::s3 {
namespace {

// The error's message; empty if it is an answer.
std::string error_of(const Request& request, std::string_view body) {
  const auto answer =
      answer_of(request, {.status = 200, .body = Buffer::of(body)}, S3Options(), {});
  const auto* failure = std::get_if<aws::Failure>(&answer);
  return failure == nullptr ? "" : failure->error.message;
}

TEST_CASE("a listing that says IsTruncated without a token doesn't start again: it is an error") {
  CHECK(error_of(List{}, "<ListBucketResult><IsTruncated>true</IsTruncated></ListBucketResult>")
            .find("no NextContinuationToken") != std::string::npos);
  CHECK(error_of(ListUploads{},
                 "<ListMultipartUploadsResult><IsTruncated>true</IsTruncated>"
                 "<NextUploadIdMarker>7</NextUploadIdMarker>"
                 "</ListMultipartUploadsResult>")
            .find("no NextKeyMarker") != std::string::npos);
  CHECK(error_of(List{}, "<ListBucketResult></ListBucketResult>").empty());
  CHECK(error_of(ListUploads{}, "<ListMultipartUploadsResult/>").empty());
}

TEST_CASE("a listing that says more in other letters goes on") {
  for (const std::string yes : {"true", "True", " true\n"}) {
    const auto answer =
        answer_of(List{},
                  {.status = 200,
                   .body = Buffer::of("<ListBucketResult><IsTruncated>" + yes +
                                      "</IsTruncated><NextContinuationToken>x"
                                      "</NextContinuationToken></ListBucketResult>")},
                  S3Options(), {});
    REQUIRE(std::holds_alternative<Answer>(answer));
    CHECK(std::get<Page>(std::get<Answer>(answer)).next == "x");
  }
}

TEST_CASE("a listing without IsTruncated goes on where it has a token") {
  const auto answer = answer_of(List{},
                                {.status = 200,
                                 .body = Buffer::of("<ListBucketResult><NextContinuationToken>x"
                                                    "</NextContinuationToken></ListBucketResult>")},
                                S3Options(), {});
  REQUIRE(std::holds_alternative<Answer>(answer));
  CHECK(std::get<Page>(std::get<Answer>(answer)).next == "x");
}

}  // namespace
}  // namespace sluice::s3
