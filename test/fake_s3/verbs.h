// What a request asks for.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

namespace sluice::fake_s3 {

enum class Verb : uint8_t {
  get,
  head,
  put,
  remove,
  batch_delete,
  list,
  create_upload,
  put_part,
  complete,
  abort,
  list_uploads,
  list_parts,
  head_bucket,
  get_location,
  create_bucket,
  list_buckets,
  get_tagging,
  unknown,
};
constexpr std::array<std::string_view, 18> verb_names = {
    "get",           "head",         "put",           "delete",       "batch_delete", "list",
    "create_upload", "put_part",     "complete",      "abort",        "list_uploads", "list_parts",
    "head_bucket",   "get_location", "create_bucket", "list_buckets", "get_tagging",  "unknown"};
constexpr size_t verb_count = verb_names.size();

constexpr std::string_view to_string(Verb verb) {
  return verb_names[static_cast<size_t>(verb)];
}
constexpr std::optional<Verb> verb_named(std::string_view name) {
  for (size_t i = 0; i < verb_count; ++i) {
    if (verb_names[i] == name) return static_cast<Verb>(i);
  }
  return std::nullopt;
}
// Which of S3's two rates it counts towards: 5,500 GET/HEAD or 3,500 PUT/COPY/POST/DELETE a second
// for each prefix.
// https://docs.aws.amazon.com/AmazonS3/latest/userguide/optimizing-performance.html
constexpr bool is_write(Verb verb) {
  switch (verb) {
    case Verb::put:
    case Verb::remove:
    case Verb::batch_delete:
    case Verb::create_upload:
    case Verb::put_part:
    case Verb::complete:
    case Verb::abort:
    case Verb::create_bucket:
      return true;
    default:
      return false;
  }
}

}  // namespace sluice::fake_s3
