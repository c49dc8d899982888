#include "store/uploader.h"

#include <iterator>

#include "base/checksum.h"

namespace sluice {

Uploader::Uploader(Key key, Mark mark) : key_(std::move(key)), mark_(std::move(mark)) {}

Uploader::Uploader(Key key, Mark mark, Begun begun)
    : key_(std::move(key)),
      mark_(std::move(mark)),
      id_(std::move(begun.id)),
      done_(std::move(begun.parts)),
      added_(static_cast<uint32_t>(done_.size())),
      bytes_(begun.bytes),
      crc32c_(begun.crc32c) {}

void Uploader::add(Buffer bytes, Lease lease) {
  bytes_ += bytes.size();
  const uint32_t crc = sluice::crc32c(bytes.view());
  crc32c_ = added_ == 0 ? crc : crc32c_combine(crc32c_, crc, bytes.size());
  waiting_.push_back({++added_, crc, std::move(bytes), std::move(lease)});
}

std::optional<Uploader::Start> Uploader::next() {
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

Status Uploader::take(Answered& answered) {
  --in_flight_;
  Answer answer = TRY(std::move(answered.answer));
  if (auto* id = std::get_if<UploadId>(&answer)) {
    id_ = std::move(*id);
    may_have_twin_ = answered.timing.attempts > 1;
  } else {
    auto part = std::get<PartTag>(std::move(answer));
    // Parts are acknowledged nearly in their order.
    auto behind = done_.end();
    while (behind != done_.begin() && std::prev(behind)->number > part.number) --behind;
    done_.insert(behind, std::move(part));
  }
  return {};
}

std::vector<PartTag> Uploader::parts() const {
  ENSURE(idle());
  return first_parts(added_);
}

bool Uploader::has_first_parts(uint32_t count) const {
  return count == 0 || (done_.size() >= count && done_[count - 1].number == count);
}

std::vector<PartTag> Uploader::first_parts(uint32_t count) const {
  ENSURE(has_first_parts(count));
  return {done_.begin(), done_.begin() + count};
}

}  // namespace sluice
