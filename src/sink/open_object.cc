#include "sink/open_object.h"

#include "sink/block_writer.h"

namespace sluice {

OpenObject::OpenObject(const Place& place, uint64_t n, ObjectYard& yard)
    : yard_(yard),
      place_(place),
      n_(n),
      writer_(std::make_unique<BlockWriter>(*this, yard.writers)) {}

Status OpenObject::go_on(Uploader upload, const RecordSums& sums, std::string_view writer) {
  TRY(writer_->go_on(writer));
  sums_ = sums;
  stream_ = std::make_unique<PartStream>(std::move(upload), yard_.share_bytes, yard_.checkpoints);
  return {};
}

PartStream& OpenObject::stream() {
  if (!stream_) {
    stream_ = std::make_unique<PartStream>(Uploader(yard_.key_of(place_, n_), yard_.mark),
                                           yard_.share_bytes, yard_.checkpoints);
  }
  return *stream_;
}

bool OpenObject::add(const Record& record, size_t& taken) {
  if (!writer_->add(record, taken)) return false;
  sums_.add(record.time_ns);
  return true;
}

void OpenObject::seal() {
  ENSURE(!sealed_);
  sealed_ = true;
  writer_->end();
}

std::optional<ObjectPoint> OpenObject::latest_point() const {
  return stream_ ? stream_->latest_point() : std::nullopt;
}

Status OpenObject::on(Event& event) {
  if (auto* answered = dynamic_cast<Answered*>(&event)) return stream().take(*answered);
  return writer_->take(dynamic_cast<Work&>(event), stream());
}

uint64_t OpenObject::held_bytes() const {
  return writer_->held_bytes() + (stream_ ? stream_->held_bytes() : 0);
}

std::optional<std::pair<Key, UploadId>> OpenObject::open_upload() const {
  return stream_ ? stream_->open_upload() : std::nullopt;
}

}  // namespace sluice
