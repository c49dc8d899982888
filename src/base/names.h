// Strings with names: a Bucket can't be passed where a Key belongs.
#pragma once

#include <compare>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace sluice {

template <class Tag>
class Named {
 public:
  Named() = default;
  explicit Named(std::string text) : text_(std::move(text)) {}
  explicit Named(std::string_view text) : text_(text) {}
  explicit Named(const char* text) : text_(text) {}

  const std::string& str() const& { return text_; }
  std::string str() && { return std::move(text_); }
  std::string_view view() const { return text_; }
  bool empty() const { return text_.empty(); }
  auto operator<=>(const Named&) const = default;

 private:
  std::string text_;
};

using Bucket = Named<struct BucketTag>;
using Region = Named<struct RegionTag>;
using Key = Named<struct KeyTag>;    // Of an object, whole: "dt=2024-02-08/a.jsonl.gz". Bytes, no
                                     // leading slash.
using ETag = Named<struct ETagTag>;  // Opaque, compared whole; without the quotes of the wire.
using UploadId = Named<struct UploadIdTag>;  // Opaque; made up by the store.
using Mark =
    Named<struct MarkTag>;  // "job/unit/epoch": the metadata `sluice` of an upload and its object.

// One part of an upload, as the store acknowledged it.
struct PartTag {
  uint32_t number = 0;  // 1..10,000
  ETag etag;
  uint32_t crc32c = 0;
  auto operator<=>(const PartTag&) const = default;
};

}  // namespace sluice

template <class Tag>
struct std::hash<sluice::Named<Tag>> {
  size_t operator()(const sluice::Named<Tag>& name) const noexcept {
    return std::hash<std::string_view>()(name.view());
  }
};
