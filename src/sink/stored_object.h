// An object that was sealed and is stored but for its commit, in as few bytes as that takes: a unit
// may have tens of thousands of them, and they stay till the unit's end.
#pragma once

#include <cstdint>
#include <memory>

#include "base/upload.h"

namespace sluice {

class StoredObject {
 public:
  // `mark`: of this fill's uploads.
  StoredObject(const Upload& upload, const Mark& mark);

  UploadId id() const;
  // As it was; `key` and the fill's mark aren't kept, the sink knows them.
  Upload upload(Key key, const Mark& mark) const;

  // The sizes of what stays in memory of an object of one part, whose upload's id is as long as
  // S3's are. https://docs.aws.amazon.com/AmazonS3/latest/API/API_CreateMultipartUpload.html shows
  // ids of up to 128 characters.
  static constexpr uint64_t charged_bytes = 240;

 private:
  // One text (stored_object.cc): an allocation, and nothing besides.
  std::unique_ptr<char[]> packed_;
};

}  // namespace sluice
