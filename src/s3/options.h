// One bucket, and how it is to be spoken to: what a side of a job (source, lake, state) says.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "base/names.h"
#include "http/retry.h"
#include "store/store.h"

namespace sluice {

enum class Encryption : uint8_t { bucket_default, s3, kms };
// What each part and each put carries so that S3 refuses damaged bytes. `none` for stores that
// don't know checksums: only what a request requires.
enum class PartChecksum : uint8_t { crc32c, crc64nvme, none };

struct S3Options {
  Bucket bucket;
  // Where requests go: "https://lake.s3.eu-west-1.amazonaws.com", "http://127.0.0.1:9000/lake".
  std::string base_url;
  Region region;
  // base_url for another region, after S3 has said where the bucket is; empty: it can't be moved.
  std::string base_url_of_region = {};  // With "{region}" in it

  Encryption encryption = Encryption::bucket_default;
  std::string kms_key = {};         // ARN or id; empty: the account's for S3
  std::string acl = {};             // "bucket-owner-full-control"
  std::string expected_owner = {};  // Account id: anybody else's bucket is refused
  std::string storage_class = {};
  std::vector<std::pair<std::string, std::string>> tags = {};
  bool requester_pays = false;
  PartChecksum checksum = PartChecksum::crc32c;
  // The body is signed, too: over plain HTTP, where nothing else protects it.
  bool signs_payload = false;

  // What is false here is made up for by looking before or after, where that can be done.
  Features features = {.exact_delete = true, .part_bytes_min = 5 << 20};
  RetryRules retry = {};
  // How long an attempt waits for the status of its answer; a Complete ten times as long.
  Nanoseconds first_byte_within = 30_s;
  // A small read that is slower than all but one in a hundred is asked for a second time.
  bool hedges = true;
  // Told at once of a long wait that the store asks for; no secret is in it. On any thread.
  std::function<void(const std::string&)> say = {};
};

}  // namespace sluice
