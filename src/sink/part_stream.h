// The bytes of one object on their way into its upload: they gather in a part, and parts are
// uploaded while later bytes come. It keeps the points up to which all is stored. What the bytes
// are is their writer's (object_writer.h). The loop's thread only.
#pragma once

#include <cstdint>
#include <limits>
#include <list>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "flow/stage.h"
#include "store/uploader.h"

namespace sluice {

// https://docs.aws.amazon.com/AmazonS3/latest/userguide/qfacts.html: "5 MiB to 5 GiB. There is no
// minimum size limit on the last part", "1 to 10,000" parts.
inline constexpr uint64_t part_bytes_min = 5 << 20;
inline constexpr uint32_t parts_max = 10'000;
// Parts grow by 5 MiB every 1,000, so that 10,000 of them are 269 GiB, but not past a size that the
// sink's share can hold twice.
uint64_t part_bytes(uint32_t number, uint64_t share_bytes);

// What an object's records come to.
struct RecordSums {
  uint64_t records = 0;
  // Of those that have a time of their own; the least is beyond the greatest where none has.
  int64_t least_ns = std::numeric_limits<int64_t>::max();
  int64_t greatest_ns = std::numeric_limits<int64_t>::min();
  void add(int64_t time_ns);
};

// Where a later run could go on with an object: the records before it all lie in parts.
struct ObjectPoint {
  uint64_t point = 0;  // As the sink counts them
  RecordSums sums;     // Of the records before it
  std::string writer;  // What their writer needs to go on
  uint32_t parts = 0;  // So many of the upload's first hold them
  uint64_t bytes = 0;  // Of these
  uint32_t crc32c = 0;
};

class PartStream {
 public:
  // `ends_at_points`: parts end where a later run could go on, as far as such points aren't too far
  // apart.
  PartStream(Uploader upload, uint64_t share_bytes, bool ends_at_points)
      : upload_(std::move(upload)), share_bytes_(share_bytes), ends_at_points_(ends_at_points) {}

  // What the part grows by is split off `lease`, which has it.
  void append(std::string_view bytes, Lease& lease);
  // A part may end here: it does if it is long enough. `at_point`: a later run could go on here.
  bool cut_if_long(bool at_point);
  // Behind a cut: the point that lies there, but for its parts.
  void keep(ObjectPoint point);
  void end();  // No more bytes come: what is left is the last part

  std::optional<Uploader::Start> next_request() { return upload_.next(); }
  bool has_request() const { return upload_.has_next(); }
  Status take(Answered& answered) { return upload_.take(answered); }

  bool complete() const { return ended_ && upload_.idle(); }  // Every part is acknowledged
  uint32_t parts_added() const { return upload_.parts_added(); }
  uint64_t held_bytes() const { return lease_.bytes(); }  // Of the part that isn't full
  std::optional<std::pair<Key, UploadId>> open_upload() const;
  bool may_have_twin() const { return upload_.may_have_twin(); }
  Upload upload(const RecordSums& sums) const;  // Once complete()
  // The latest point up to which every part is acknowledged; and the upload as it was there.
  std::optional<ObjectPoint> latest_point() const;
  Upload upload_at(const ObjectPoint& point) const;

 private:
  void cut();

  Uploader upload_;
  const uint64_t share_bytes_;
  const bool ends_at_points_;
  Buffer part_;
  Lease lease_;  // Of `part_`
  bool ended_ = false;
  std::list<ObjectPoint> points_;  // At the ends of parts, not all acknowledged
};

}  // namespace sluice
