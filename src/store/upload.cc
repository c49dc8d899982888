#include "store/upload.h"

#include <algorithm>

#include "base/checksum.h"

namespace sluice {

Upload::Upload(Key key, Mark mark) : key_(std::move(key)), mark_(std::move(mark)) {}

Upload::Upload(Key key, Mark mark, Begun begun)
    : key_(std::move(key)),
      mark_(std::move(mark)),
      id_(std::move(begun.id)),
      done_(std::move(begun.parts)),
      added_(static_cast<uint32_t>(done_.size())),
      bytes_(begun.bytes),
      crc32c_(begun.crc32c) {}

void Upload::add(Buffer bytes, Lease lease) {
  bytes_ += bytes.size();
  const uint32_t crc = sluice::crc32c(bytes.view());
  crc32c_ = added_ == 0 ? crc : crc32c_combine(crc32c_, crc, bytes.size());
  waiting_.push_back({++added_, crc, std::move(bytes), std::move(lease)});
}

std::optional<Upload::Start> Upload::next() {
  if (!id_) {
    if (creating_) return std::nullopt;
    creating_ = true;
    ++in_flight_;
    return Start{CreateUpload{key_, mark_}, {}};
  }
  if (waiting_.empty()) return std::nullopt;
  Part part = std::move(waiting_.front());
  waiting_.pop_front();
  ++in_flight_;
  return Start{PutPart{key_, *id_, part.number, std::move(part.bytes), part.crc32c},
               std::move(part.lease)};
}

Status Upload::take(Answered& answered) {
  --in_flight_;
  Answer answer = TRY(std::move(answered.answer));
  if (auto* id = std::get_if<UploadId>(&answer)) {
    id_ = std::move(*id);
    may_have_twin_ = answered.timing.attempts > 1;
  } else {
    done_.push_back(std::get<PartTag>(std::move(answer)));
  }
  return {};
}

std::vector<PartTag> Upload::parts() const {
  ENSURE(idle());
  return *first_parts(added_);
}

std::optional<std::vector<PartTag>> Upload::first_parts(uint32_t count) const {
  std::vector<PartTag> parts;
  for (const PartTag& part : done_) {
    if (part.number <= count) parts.push_back(part);
  }
  if (parts.size() < count) return std::nullopt;
  std::sort(parts.begin(), parts.end(),
            [](const PartTag& a, const PartTag& b) { return a.number < b.number; });
  return parts;
}

}  // namespace sluice
