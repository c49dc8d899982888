#include "app/s3_words.h"

#include <doctest/doctest.h>

#include "app/parts.h"
#include "job/job_file.h"

namespace sluice {
namespace {

// What the lake of a job with this group says, or the mistake.
Result<S3Words> words_of(const std::string& group, const std::string& more = {},
                         const Environment& environment = {}) {
  const Job job = TRY(parse_job("job.yaml",
                                "name: j\n"
                                "source: { objects: \"s3://logs/a/\" }\n"
                                "sink:\n"
                                "  lake: \"s3://lake/\"\n"
                                "  partition: \"dt={.t:%F}/\"\n"
                                "  s3: { " +
                                    group + " }\n" + more,
                                environment, {}, all_parts()));
  return s3_words(job.sink, environment);
}
S3Options options_of(const std::string& group, const std::string& more = {}) {
  auto words = words_of(group, more);
  REQUIRE_MESSAGE(words.ok(), words.error().message);
  return words->options;
}
std::string mistake_of(const std::string& group, const std::string& more = {}) {
  const auto words = words_of(group, more);
  return words.ok() ? "no mistake" : words.error().message;
}

const std::string alone = "  single_writer: true\n";

}  // namespace

TEST_CASE("every word about the objects of a lake arrives") {
  const S3Options options = options_of(
      "encryption: kms, kms_key: k, acl: bucket-owner-full-control, storage_class: STANDARD_IA, "
      "tags: { team: data, cost: \"a b\" }, checksum: crc64nvme, expected_owner: \"1\", "
      "requester_pays: true");
  CHECK(options.encryption == Encryption::kms);
  CHECK(options.kms_key == "k");
  CHECK(options.acl == "bucket-owner-full-control");
  CHECK(options.storage_class == "STANDARD_IA");
  CHECK(options.tags ==
        std::vector<std::pair<std::string, std::string>>{{"team", "data"}, {"cost", "a b"}});
  CHECK(options.checksum == PartChecksum::crc64nvme);
  CHECK(options.expected_owner == "1");
  CHECK(options.requester_pays);
}

TEST_CASE("who a side is, and where") {
  const auto words = words_of("role: r, external_id: e, profile: p, region: g, endpoint: \"u\"");
  REQUIRE(words.ok());
  CHECK(words->aws.role_arn == "r");
  CHECK(words->aws.role_external_id == "e");
  CHECK(words->aws.profile == "p");
  CHECK(words->aws.region == "g");
  CHECK(words->aws.endpoint_url == "u");
  CHECK_FALSE(words->is_unsigned);
  CHECK(words_of("unsigned: true")->is_unsigned);
}

TEST_CASE("checksums are left out where the environment or the job says so; the job wins") {
  const Environment when_required{{{"AWS_REQUEST_CHECKSUM_CALCULATION", "when_required"}}};
  CHECK(words_of("region: r")->options.checksum == PartChecksum::crc32c);
  CHECK(words_of("region: r", "", when_required)->options.checksum == PartChecksum::none);
  CHECK(words_of("checksum: none")->options.checksum == PartChecksum::none);
  CHECK(words_of("checksum: crc32c", "", when_required)->options.checksum == PartChecksum::crc32c);
}

TEST_CASE("what a store lacks is a feature less, and nothing else") {
  const Features whole = options_of("region: r").features;
  CHECK(
      (whole.conditional_put && whole.exact_delete && whole.completes_once && whole.lists_uploads));
  const Features minio = options_of("lacks: [exact_delete, list_uploads]", alone).features;
  CHECK((minio.conditional_put && minio.completes_once));
  CHECK_FALSE((minio.exact_delete || minio.lists_uploads));
  const Features old = options_of("lacks: [conditional_writes, complete_once]", alone).features;
  CHECK((old.exact_delete && old.lists_uploads));
  CHECK_FALSE((old.conditional_put || old.completes_once));
}

TEST_CASE("without what keeps two runs apart the job must promise that it is alone") {
  for (const std::string what : {"conditional_writes", "exact_delete", "complete_once"}) {
    const std::string said = mistake_of("lacks: " + what);
    CHECK_MESSAGE(said.starts_with("job.yaml:6:"), said);
    CHECK(said.find("without " + what) != std::string::npos);
    CHECK(said.find("say single_writer: true beside lake") != std::string::npos);
    CHECK(mistake_of("lacks: " + what, "  single_writer: false\n") != "no mistake");
    CHECK(mistake_of("lacks: " + what, alone) == "no mistake");
  }
  CHECK(mistake_of("lacks: list_uploads") == "no mistake");
}

TEST_CASE("contradictions are told where they stand") {
  CHECK(mistake_of("lacks: [list_uploads, list_uploads]").find("said twice") != std::string::npos);
  CHECK(mistake_of("lacks: [deletes]").find("exact_delete") != std::string::npos);
  CHECK(mistake_of("kms_key: k").find("goes with encryption: kms") != std::string::npos);
  CHECK(mistake_of("unsigned: true, role: r").find("leave one") != std::string::npos);
}

TEST_CASE("a source only reads: it has no words about what is written") {
  const auto job = parse_job("job.yaml",
                             "name: j\n"
                             "source: { objects: { url: \"s3://a/b/\", s3: { lacks: [x] } } }\n"
                             "sink: { lake: \"s3://lake/\", partition: \"dt={.t:%F}/\" }\n",
                             {}, {}, all_parts());
  REQUIRE_FALSE(job.ok());
  CHECK(job.error().message.find("lacks") != std::string::npos);
}

}  // namespace sluice
