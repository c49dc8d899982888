// What the fake S3 holds: buckets, their objects, the uploads that are open. Objects never change
// once they are there, but for the note which of their bytes were sent. Guarded by World's mutex.
#pragma once

#include <sys/uio.h>

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/buffer.h"
#include "base/clock.h"
#include "base/result.h"
#include "http.h"

namespace sluice::fake_s3 {

// A run of bytes that never change, and whoever keeps them alive: memory, or a mapped file.
struct Slice {
  std::shared_ptr<const void> owner;
  std::string_view bytes;
};

// A checksum as it stands in headers: {"crc32c", "ZgmD4w=="}.
struct Checksum {
  std::string name, value;
  std::string raw;            // What `value` is the base64 of
  bool is_composite = false;  // Of the parts' checksums, not of the bytes
};

// The bytes of an object that went out whole in some answer, as ranges that don't touch.
class SentBytes {
 public:
  // Whether any of these had been sent before.
  bool add(uint64_t first, uint64_t end);
  void clear() { ranges_.clear(); }

 private:
  std::vector<std::pair<uint64_t, uint64_t>> ranges_;
};

struct Object : public Body {
  int pieces(uint64_t offset, uint64_t bytes, iovec* pieces, int most) const override;

  std::vector<Slice> slices;  // In order
  uint64_t bytes = 0;
  std::string etag;     // With the quotes
  std::string headers;  // Lines that HEAD and GET give: Last-Modified, ETag, content type, metadata
  std::string tagging;  // As x-amz-tagging gave it
  std::string storage_class;  // Empty: STANDARD
  std::vector<Checksum> checksums;
  int64_t modified_seconds = 0;

  // For the counters alone, so that a sent object needs no look-up.
  std::string name;  // "bucket/key"
  mutable SentBytes sent;
  mutable uint64_t sent_epoch = 0;  // Of the counters, when `sent` began
};
using ObjectRef = std::shared_ptr<const Object>;

Slice slice_of(Buffer bytes);

struct Part {
  Slice slice;
  std::string md5;  // Raw
  std::vector<Checksum> checksums;
  int64_t modified_seconds = 0;
  std::string etag;  // With the quotes
};

struct Upload {
  std::string key, id;
  int64_t initiated_seconds = 0;
  std::string headers;  // Object::headers, but for what only the end tells
  std::string tagging, storage_class;
  std::string checksum_name;  // x-amz-checksum-algorithm in lower case, or empty
  bool full_object_checksum = false;
  std::map<uint32_t, Part> parts;
};

struct Bucket {
  std::string name, region;
  int64_t created_seconds = 0;
  std::map<std::string, ObjectRef, std::less<>> objects;          // UTF-8 byte order
  std::map<std::pair<std::string, std::string>, Upload> uploads;  // By key and id
};

class Buckets {
 public:
  Bucket& create(std::string_view name, std::string_view region, int64_t seconds);
  Bucket* find(std::string_view name);
  std::map<std::string, Bucket, std::less<>>& all() { return buckets_; }
  void clear_objects();

 private:
  std::map<std::string, Bucket, std::less<>> buckets_;
};

enum class ETagKind { md5, fast };  // fast: 32 digits that nobody paid an MD5 for
std::string etag_of(std::string_view bytes, ETagKind kind);  // With the quotes

// Puts every file below `folder` into the bucket, as "prefix" + its path below the folder.
Status load_folder(const std::string& folder, std::string_view prefix, ETagKind kind,
                   int64_t seconds, Bucket& bucket);
// The lines of Object::headers that every object has.
std::string base_headers(std::string_view etag, int64_t modified_seconds);

}  // namespace sluice::fake_s3
