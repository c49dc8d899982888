#include "store/upload.h"

#include <algorithm>

#include "base/checksum.h"

namespace sluice {

Upload::Upload(Key key, Mark mark) : key_(std::move(key)), mark_(std::move(mark)) {}

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
  std::vector<PartTag> parts = done_;
  std::sort(parts.begin(), parts.end(),
            [](const PartTag& a, const PartTag& b) { return a.number < b.number; });
  return parts;
}

}  // namespace sluice
