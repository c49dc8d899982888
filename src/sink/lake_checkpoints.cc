// Where the lake sink could be gone on with, and going on there.
#include "sink/lake_sink.h"

namespace sluice {
namespace {

// Checkpoints are for units that fill one object after another; with more places than this nothing
// is marked.
constexpr size_t checkpoint_places_max = 16;

}  // namespace

void LakeSink::mark_checkpoint(uint64_t point) {
  if (!yard_.checkpoints || places_.size() > checkpoint_places_max) return;
  OpenObject* only = nullptr;
  for (const auto& place : places_) {
    if (!place->object || place->object->records() == 0) continue;
    if (only != nullptr) return;
    only = place->object.get();
  }
  if (only == nullptr || !only->mark(point)) return;
  line_up(*only);
  MarkedPoint& marked = marked_.emplace_back();
  marked.point = point;
  marked.tally = tally_;
  marked.sealed = sealed_count_;
  for (const auto& place : places_) marked.places.push_back({place->name, place->next_n});
}

std::optional<SinkCheckpoint> LakeSink::take_checkpoint() {
  if (!yard_.checkpoints || !std::exchange(stored_more_, false)) return std::nullopt;
  if (places_.size() > checkpoint_places_max) return std::nullopt;
  for (const auto& place : places_) {
    if (!place->object) continue;
    const auto at = place->object->latest_point();
    if (!at) continue;
    while (!marked_.empty() && marked_.front().point < at->point) marked_.pop_front();
    if (marked_.empty() || marked_.front().point != at->point) continue;
    const MarkedPoint& marked = marked_.front();
    SinkCheckpoint made{.point = marked.point, .tally = marked.tally};
    // Counted again, when the uploads are taken up.
    made.tally.bytes_written = made.tally.objects = 0;
    for (const Stored& stored : stored_) {
      if (stored.order < marked.sealed)
        made.uploads.push_back(stored.object.upload(key_of(stored), context_.mark));
    }
    if (made.uploads.size() < marked.sealed) continue;  // One before it is still on its way
    made.uploads.push_back(place->object->upload_at(*at));
    made.state = print(SinkState{marked.places, made.uploads.back().key, at->writer});
    marked_.pop_front();
    return made;
  }
  return std::nullopt;
}

// One that nobody can read is an error of the sink's, not of its opening: the unit is begun anew.
Status LakeSink::take_up(const SinkCheckpoint& checkpoint) {
  auto state = parse_sink_state(checkpoint.state);
  if (state.ok()) return resume(checkpoint, *state);
  refuse_checkpoint(std::move(state.error().message));
  return {};
}

void LakeSink::refuse_checkpoint(std::string why) {
  checkpoint_unknown_ = true;
  fail({ErrorKind::invalid, std::move(why)});
}

std::unordered_map<Key, std::pair<Place*, uint64_t>> LakeSink::objects_begun() const {
  std::unordered_map<Key, std::pair<Place*, uint64_t>> objects;
  for (const auto& place : places_) {
    for (uint64_t n = 0; n < place->next_n; ++n)
      objects.try_emplace(Key(key_at(*place, n)), place.get(), n);
  }
  return objects;
}

Status LakeSink::resume(const SinkCheckpoint& checkpoint, const SinkState& state) {
  const Error no_room{ErrorKind::invalid, "lake: sink_share: too small for what was begun"};
  tally_ = checkpoint.tally;
  opened_ = checkpoint.uploads.size();
  for (const auto& kept : state.places) {
    Place& restored = place(kept.name);
    restored.next_n = kept.next_n;
    auto lease = context_.share.try_reserve(place_bytes + kept.name.size());
    if (!lease) return no_room;
    restored.lease = std::move(*lease);
  }
  const Upload* open = nullptr;
  Place* target = nullptr;
  const auto objects = objects_begun();
  for (const Upload& upload : checkpoint.uploads) {
    const auto at = objects.find(upload.key);
    if (at == objects.end()) {
      refuse_checkpoint("lake: the checkpoint's object " + upload.key.str() +
                        " is none of its places'");
      return {};
    }
    const auto& [place, n] = at->second;
    if (upload.key == state.open) {
      open = &upload;
      target = place;
      continue;
    }
    tally_.bytes_written += upload.content.bytes;
    ++tally_.objects;
    stored_.push_back({static_cast<uint32_t>(sealed_count_++), static_cast<uint32_t>(n), place,
                       StoredObject(upload, context_.mark)});
    auto lease = context_.share.try_reserve(StoredObject::charged_bytes);
    if (!lease) return no_room;
    stored_lease_.merge(std::move(*lease));
  }
  if (open == nullptr || open->key != Key(key_at(*target, target->next_n - 1))) {
    refuse_checkpoint("lake: the checkpoint doesn't name the object that was open");
    return {};
  }
  auto lease = context_.share.try_reserve(object_bytes);
  if (!lease) return no_room;
  target->object_lease = std::move(*lease);
  target->object = std::make_unique<OpenObject>(*target, target->next_n - 1, yard_);
  const Content& content = open->content;
  RecordSums sums{.records = content.records};
  if (content.least) sums.least_ns = content.least->ns;
  if (content.greatest) sums.greatest_ns = content.greatest->ns;
  Uploader upload(open->key, open->mark, {open->id, open->parts, content.bytes, content.crc32c});
  const Status gone_on = target->object->go_on(std::move(upload), sums, state.writer);
  if (!gone_on.ok()) {
    refuse_checkpoint("lake: the checkpoint: " + gone_on.error().message);
    return {};
  }
  line_up(*target->object);
  return {};
}

}  // namespace sluice
