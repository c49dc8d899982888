#include "app/iam_policy.h"

#include <doctest/doctest.h>

#include "app/parts.h"

namespace sluice {

namespace {

std::string policies(const std::string& text) {
  const auto job = parse_job("job.yaml", text, Environment(), {}, all_parts());
  if (!job.ok()) return job.error().message;
  const auto made = iam_policies(*job, Environment());
  return made.ok() ? *made : "error: " + made.error().message;
}

}  // namespace

TEST_CASE("the least policy reads below the source's prefix and writes below the lake's") {
  CHECK(policies("name: j\n"
                 "units: { each: day }\n"
                 "source: { objects: \"s3://logs/AWSLogs/{path.account}/{unit:%Y/%m/%d}/\" }\n"
                 "sink: { lake: \"s3://lake/trail/\", partition: \"dt={.eventTime:%F}/\" }\n") ==
        "{\n  \"Version\": \"2012-10-17\",\n  \"Statement\": [\n"
        R"(    {"Effect": "Allow", "Action": ["s3:ListBucket"], "Resource": "arn:aws:s3:::logs", )"
        R"("Condition": {"StringLike": {"s3:prefix": "AWSLogs/*"}}},)"
        "\n"
        R"(    {"Effect": "Allow", "Action": ["s3:GetObject"], )"
        R"("Resource": "arn:aws:s3:::logs/AWSLogs/*"},)"
        "\n"
        R"(    {"Effect": "Allow", "Action": ["s3:ListBucket"], "Resource": "arn:aws:s3:::lake", )"
        R"("Condition": {"StringLike": {"s3:prefix": "trail/*"}}},)"
        "\n"
        R"(    {"Effect": "Allow", "Action": ["s3:ListBucketMultipartUploads"], )"
        R"("Resource": "arn:aws:s3:::lake"},)"
        "\n"
        R"(    {"Effect": "Allow", "Action": ["s3:GetObject", "s3:PutObject", "s3:DeleteObject", )"
        R"("s3:AbortMultipartUpload"], "Resource": "arn:aws:s3:::lake/trail/*"})"
        "\n  ]\n}\n");
}

TEST_CASE("each identity has its own policy, and who assumes a role may do that") {
  const std::string made = policies(
      "name: j\n"
      "source: { objects: { url: \"s3://logs/a/\", s3: { role: \"arn:aws:iam::1:role/r\" } } }\n"
      "sink:\n"
      "  lake: \"s3://lake/\"\n"
      "  partition: \"dt={.t:%F}/\"\n"
      "  s3: { encryption: kms, kms_key: \"arn:aws:kms:eu-west-1:1:key/k\", tags: { team: x } }\n");
  CHECK(made.find("\"arn:aws:iam::1:role/r\": {") != std::string::npos);
  CHECK(made.find(R"("Action": "sts:AssumeRole", "Resource": "arn:aws:iam::1:role/r")") !=
        std::string::npos);
  CHECK(made.find(R"(["kms:GenerateDataKey", "kms:Decrypt"], "Resource": "arn:aws:kms)") !=
        std::string::npos);
  CHECK(made.find("s3:PutObjectTagging") != std::string::npos);
}

TEST_CASE("an inventory is read below its own prefix") {
  const std::string made = policies(
      "name: j\n"
      "source:\n"
      "  objects: { url: \"s3://logs/a/\", inventory: \"s3://inv/x/logs/all/T/manifest.json\" }\n"
      "sink: { lake: \"s3://lake/\", partition: \"dt={.t:%F}/\" }\n");
  CHECK(made.find(R"(["s3:GetObject"], "Resource": "arn:aws:s3:::inv/x/logs/all/*"})") !=
        std::string::npos);
}

TEST_CASE("a job without S3 needs nothing of AWS") {
  CHECK(policies("name: j\n"
                 "source: { objects: \"in/\" }\n"
                 "sink: { lake: \"out/\", partition: \"dt={.t:%F}/\" }\n")
            .starts_with("error: nothing of this job lies on S3"));
}

TEST_CASE("secrets that the job file refers to may be read") {
  const std::string made = policies(
      "name: j\n"
      "source: { objects: { url: \"in/\", s3: { profile: \"${secretsmanager:a/b#k}\", "
      "region: \"${file:/x}\", role: \"${ssm:/c}\", external_id: \"${ssm:d}\" } } }\n"
      "sink: { lake: lake/ }\n");
  CHECK(made.find(R"(["secretsmanager:GetSecretValue"], )"
                  R"("Resource": "arn:aws:secretsmanager:*:*:secret:a/b-??????")") !=
        std::string::npos);
  CHECK(made.find(R"(["ssm:GetParameter"], "Resource": "arn:aws:ssm:*:*:parameter/c")") !=
        std::string::npos);
  CHECK(made.find("parameter/d") != std::string::npos);
  CHECK(made.find("/x") == std::string::npos);
}

}  // namespace sluice
