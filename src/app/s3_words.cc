#include "app/s3_words.h"

#include <iterator>

namespace sluice {
namespace {

std::vector<FieldDoc> common_words() {
  return {
      {.name = "role",
       .help = "A role to be assumed for this side, by its ARN, with the credentials found "
               "otherwise: another account's logs, say.",
       .example = "arn:aws:iam::111122223333:role/read-logs"},
      {.name = "external_id", .help = "What that role's trust policy asks for."},
      {.name = "profile", .help = "A profile of ~/.aws/config, instead of AWS_PROFILE."},
      {.name = "region",
       .help = "Of the bucket, instead of AWS_REGION. Where it is wrong, S3 says the right one.",
       .example = "eu-west-1"},
      {.name = "endpoint",
       .help = "Of a store that speaks S3, instead of AWS_ENDPOINT_URL_S3.",
       .example = "http://127.0.0.1:9000"},
      {.name = "unsigned",
       .type = FieldType::flag,
       .help = "Requests go without a signature: public buckets.",
       .default_text = "false"},
      {.name = "expected_owner",
       .help = "The account whose bucket it must be; anybody else's is refused.",
       .example = "\"111122223333\""},
      {.name = "requester_pays",
       .type = FieldType::flag,
       .help = "This account pays for the requests to somebody else's bucket.",
       .default_text = "false"},
  };
}

std::vector<FieldDoc> words_of_objects() {
  return {
      {.name = "encryption",
       .type = FieldType::choice,
       .help = "How S3 encrypts what is written: as the bucket says, with S3's keys, or with KMS.",
       .default_text = "bucket",
       .choices = {"bucket", "s3", "kms"}},
      {.name = "kms_key", .help = "Of encryption: kms; by default the account's key for S3."},
      {.name = "acl",
       .help = "A canned ACL for what is written into another account's bucket.",
       .example = "bucket-owner-full-control"},
      {.name = "storage_class", .help = "Of what is written.", .example = "INTELLIGENT_TIERING"},
      {.name = "tags",
       .help = "Of what is written.",
       .many = Many::map,
       .example = "{ team: data }"},
      {.name = "checksum",
       .type = FieldType::choice,
       .help = "What each part carries, so that S3 refuses damaged bytes. none: for stores that "
               "don't know them (AWS_REQUEST_CHECKSUM_CALCULATION=when_required says the same).",
       .default_text = "crc32c",
       .choices = {"crc32c", "crc64nvme", "none"}},
      {.name = "lacks",
       .type = FieldType::choice,
       .help = "What this store doesn't do as S3 does. conditional_writes: PUT with If-Match or "
               "If-None-Match. exact_delete: DELETE with If-Match (MinIO ignores it). "
               "complete_once: an upload that is gone can't be completed (versitygw answers with "
               "a success all the same). list_uploads: by a prefix (MinIO lists by whole keys "
               "only; what a killed run leaves open is then the server's to expire). All but the "
               "last are made up for by asking before or after, which is safe for one run at a "
               "time: they need single_writer: true.",
       .many = Many::list,
       .choices = {"conditional_writes", "exact_delete", "complete_once", "list_uploads"},
       .example = "[exact_delete, list_uploads]"},
  };
}

FieldDoc group(std::vector<FieldDoc> words) {
  return {.name = "s3",
          .type = FieldType::group,
          .help =
              "How the bucket is spoken to. By default as the environment says, like every "
              "AWS tool: AWS_PROFILE, AWS_REGION, AWS_ENDPOINT_URL_S3, ...",
          .fields = std::move(words),
          .says = Says::how};
}

std::string text_of(const Settings& words, std::string_view field) {
  return words.has(field) ? words.text(field) : std::string();
}

// `part`: with the group `words` in it.
Status read_lacks(const Settings& part, const Settings& words, Features& features) {
  for (const std::string& what : words.texts("lacks")) {
    bool& does = what == "conditional_writes" ? features.conditional_put
                 : what == "exact_delete"     ? features.exact_delete
                 : what == "complete_once"    ? features.completes_once
                                              : features.lists_uploads;
    if (!does) return words.error_at("lacks", what + " is said twice");
    does = false;
    if (what != "list_uploads" && !(part.has("single_writer") && part.flag("single_writer")))
      return words.error_at("lacks", "without " + what +
                                         " two runs at once could spoil each other's objects: say "
                                         "single_writer: true beside lake, if never two write");
  }
  return {};
}

}  // namespace

FieldDoc s3_words_of_source() {
  return group(common_words());
}

FieldDoc s3_words_of_lake() {
  std::vector<FieldDoc> words = common_words();
  for (FieldDoc& word : words_of_objects()) words.push_back(std::move(word));
  return group(std::move(words));
}

Result<S3Words> s3_words(const Settings& settings, const Environment& environment) {
  S3Words said;
  const auto calculation = environment.get("AWS_REQUEST_CHECKSUM_CALCULATION");
  if (calculation == "when_required" || calculation == "WHEN_REQUIRED")
    said.options.checksum = PartChecksum::none;
  if (!settings.has("s3")) return said;
  const Settings& words = settings.inner("s3");
  said.aws = {.profile = text_of(words, "profile"),
              .region = text_of(words, "region"),
              .endpoint_url = text_of(words, "endpoint"),
              .role_arn = text_of(words, "role"),
              .role_external_id = text_of(words, "external_id")};
  said.is_unsigned = words.flag("unsigned");
  if (said.is_unsigned && !said.aws.role_arn.empty())
    return words.error_at("role", "unsigned requests are nobody's: leave one of the two out");
  S3Options& options = said.options;
  options.expected_owner = text_of(words, "expected_owner");
  options.requester_pays = words.flag("requester_pays");
  if (!words.has("encryption")) return said;

  const std::string& encryption = words.text("encryption");
  options.encryption = encryption == "s3"    ? Encryption::s3
                       : encryption == "kms" ? Encryption::kms
                                             : Encryption::bucket_default;
  options.kms_key = text_of(words, "kms_key");
  if (!options.kms_key.empty() && options.encryption != Encryption::kms)
    return words.error_at("kms_key", "goes with encryption: kms");
  options.acl = text_of(words, "acl");
  options.storage_class = text_of(words, "storage_class");
  for (const Settings::Item& tag : words.items("tags"))
    options.tags.emplace_back(tag.name, tag.text());
  if (words.given("checksum")) {
    const std::string& checksum = words.text("checksum");
    options.checksum = checksum == "crc64nvme" ? PartChecksum::crc64nvme
                       : checksum == "none"    ? PartChecksum::none
                                               : PartChecksum::crc32c;
  }
  TRY(read_lacks(settings, words, options.features));
  return said;
}

}  // namespace sluice
