// An object that was sealed and is stored but for its commit, in as few bytes as that takes: a unit
// may have tens of thousands of them, and they stay till the unit's end.
#pragma once

#include <cstdint>
#include <string>

#include "flow/stage.h"

namespace sluice {

class StoredObject {
 public:
  // `mark`: of this fill's uploads. It outlives this.
  StoredObject(const Prepared& prepared, const Mark& mark);

  UploadId id() const;
  // As it was; `key` isn't kept, the sink knows it.
  Prepared prepared(Key key) const;
  uint64_t bytes() const { return bytes_; }

  // The sizes of what stays in memory of an object of one part, whose upload's id is as long as
  // S3's are. https://docs.aws.amazon.com/AmazonS3/latest/API/API_CreateMultipartUpload.html shows
  // ids of up to 128 characters.
  static constexpr uint64_t charged_bytes = 320;

 private:
  const Mark* mark_;
  // The id, the mark (empty: the fill's), and of each part its number, its checksum and its ETag.
  // Each text behind its length, numbers in four bytes.
  std::string packed_;
  uint64_t bytes_;
  uint64_t records_;
  int64_t least_ns_, greatest_ns_;
  uint32_t crc32c_;
  bool may_have_twin_;
};

}  // namespace sluice
