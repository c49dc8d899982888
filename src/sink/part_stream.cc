#include "sink/part_stream.h"

#include <algorithm>

namespace sluice {
namespace {

// How large a part may grow that waits for a point to end at: twice as large as it need be, where
// the share has the room.
constexpr uint64_t waiting_part_bytes_max(uint64_t wanted, uint64_t share_bytes) {
  return std::max(wanted, std::min(2 * wanted, share_bytes * 5 / 12));
}

}  // namespace

uint64_t part_bytes(uint32_t number, uint64_t share_bytes) {
  const uint64_t wanted = part_bytes_min * (1 + number / 1000);
  return std::max(part_bytes_min, std::min(wanted, share_bytes / 3));
}

void RecordSums::add(int64_t time_ns) {
  ++records;
  if (time_ns == std::numeric_limits<int64_t>::min()) return;
  least_ns = std::min(least_ns, time_ns);
  greatest_ns = std::max(greatest_ns, time_ns);
}

void PartStream::append(std::string_view bytes, Lease& lease) {
  if (part_.room() < bytes.size()) {
    part_.grow(part_.size() + bytes.size());
    const uint64_t more = part_.capacity() - std::min(part_.capacity(), lease_.bytes());
    lease_.merge(lease.split(std::min(more, lease.bytes())));
  }
  part_.append(bytes);
}

bool PartStream::cut_if_long(bool at_point) {
  const uint64_t wanted = part_bytes(upload_.parts_added() + 1, share_bytes_);
  const bool waits = ends_at_points_ && !at_point;
  if (part_.size() < (waits ? waiting_part_bytes_max(wanted, share_bytes_) : wanted)) return false;
  cut();
  return true;
}

void PartStream::cut() {
  upload_.add(std::exchange(part_, Buffer()), std::exchange(lease_, Lease()));
}

void PartStream::keep(ObjectPoint point) {
  point.parts = upload_.parts_added();
  point.bytes = upload_.bytes();
  point.crc32c = upload_.crc32c();
  points_.push_back(std::move(point));
  // The one before the last acknowledged is of no more use.
  while (points_.size() > 1 && upload_.has_first_parts(std::next(points_.begin())->parts)) {
    points_.pop_front();
  }
}

void PartStream::end() {
  cut();
  ended_ = true;
}

std::optional<ObjectPoint> PartStream::latest_point() const {
  for (auto one = points_.rbegin(); one != points_.rend(); ++one) {
    if (upload_.has_first_parts(one->parts)) return *one;
  }
  return std::nullopt;
}

namespace {

Content content_of(const RecordSums& sums, uint64_t bytes, uint32_t crc32c) {
  Content content{.bytes = bytes, .records = sums.records, .crc32c = crc32c};
  if (sums.least_ns <= sums.greatest_ns) {
    content.least = WallTime{sums.least_ns};
    content.greatest = WallTime{sums.greatest_ns};
  }
  return content;
}

}  // namespace

Upload PartStream::upload(const RecordSums& sums) const {
  return {upload_.key(), *upload_.id(), upload_.mark(), upload_.parts(),
          content_of(sums, upload_.bytes(), upload_.crc32c())};
}

Upload PartStream::upload_at(const ObjectPoint& point) const {
  return {upload_.key(), *upload_.id(), upload_.mark(), upload_.first_parts(point.parts),
          content_of(point.sums, point.bytes, point.crc32c)};
}

std::optional<std::pair<Key, UploadId>> PartStream::open_upload() const {
  if (!upload_.id()) return std::nullopt;
  return std::make_pair(upload_.key(), *upload_.id());
}

}  // namespace sluice
