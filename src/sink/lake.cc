#include "sink/lake.h"

#include <algorithm>

#include "base/text.h"
#include "base/time.h"
#include "sink/lake_sink.h"

namespace sluice {
namespace {

constexpr size_t eager_places_max = 64;

// Out of the share, for what encoders give before it takes the place of its text: some blocks of
// each worker, and a coil for an object that is being sealed.
uint64_t encode_share_bytes(const Encoder& encoder) {
  return 6 * encoder.encoded_bytes_max(encoder.block_bytes()) + encoder.coil_bytes();
}

}  // namespace

// Besides what encoders give: what the object in hand needs in the middle of a record, when all
// others are gone and it can't be sealed. Its coil, a part that is nearly long enough to go and the
// block that makes it so, one behind it and one that grows; and the entries of some places.
uint64_t sink_share_bytes_min_of(const Encoder& encoder) {
  constexpr uint64_t entries_bytes = 64 << 10;
  const uint64_t in_hand = encoder.coil_bytes() + part_bytes_min +
                           3 * encoder.encoded_bytes_max(encoder.block_bytes()) + entries_bytes;
  return std::max(sink_share_bytes_min, encode_share_bytes(encoder) + in_hand);
}

Place& LakeSink::place(std::string_view name) {
  if (const auto found = by_name_.find(name); found != by_name_.end()) return *found->second;
  auto& made = places_.emplace_back(std::make_unique<Place>());
  made->name = name;
  by_name_.emplace(made->name, made.get());
  return *made;
}

Result<LakeSink::Seen> LakeSink::look_up(const Record& record) {
  if (!record.has_identity) return Seen::is_new;
  switch (dedupe_.add(record.identity, record.content)) {
    case Dedupe::Kind::first:
      return Seen::is_new;
    case Dedupe::Kind::duplicate:
      ++tally_.duplicates;
      return Seen::before;
    case Dedupe::Kind::conflict:
      ++tally_.conflicts;
      return Seen::is_new;
    case Dedupe::Kind::wait:
      return Seen::wait;
    case Dedupe::Kind::full:
      break;
  }
  return Error{ErrorKind::invalid,
               "lake: dedupe: the unit has more than " + std::to_string(dedupe_.records()) +
                   " records, and a unit's hashes have " +
                   print_bytes(context_.hashes.capacity() + context_.hashes_annex.capacity()) +
                   " of the memory; give more (--memory) or make the units smaller"};
}

std::string LakeSink::key_at(const Place& place, uint64_t n) const {
  if (place.name != options_.set_aside_place) {
    return options_.prefix + options_.names.key(place.name, context_.unit, n);
  }
  std::string key = options_.prefix + place.name + unit_token(context_.unit.id) + '-';
  append_padded(n, 5, key);
  return key + options_.encoder.extension();
}

Key LakeSink::key_of(const Stored& stored) const {
  return Key(key_at(*stored.place, stored.n));
}

// False: no memory for it now.
bool LakeSink::open(Place& place) {
  if (!place.lease) {
    auto lease = context_.share.try_reserve(place_bytes + place.name.size());
    if (!lease) return false;
    place.lease = std::move(*lease);
  }
  if (place.next_n > 0 && place.name != options_.set_aside_place && !options_.names.numbered()) {
    fail({ErrorKind::invalid,
          "lake: name: the unit needs more than one object, and its name has no {n}"});
    return false;
  }
  // Where the share holds all places, uploads are begun late: so many places are too many before
  // more than a few of them are stored.
  if (opened_ == objects_max) {
    fail({ErrorKind::invalid,
          "lake: more than " + std::to_string(objects_max) + " objects in one unit (" +
              std::to_string(places_.size()) +
              " places so far); use a coarser partition, smaller units, or a larger share"});
    return false;
  }
  auto lease = context_.share.try_reserve(object_bytes);
  if (!lease) return false;
  ++opened_;
  place.object_lease = std::move(*lease);
  const uint64_t n = place.next_n++;
  place.object = std::make_unique<OpenObject>(place, n, yard_);
  line_up(*place.object);
  return true;
}

bool LakeSink::has_to_roll(const Place& place) const {
  const OpenObject& object = *place.object;
  if (options_.roll_records > 0 && object.records() >= options_.roll_records) return true;
  if (options_.roll_bytes > 0 && object.writer().settled_bytes().value_or(0) >= options_.roll_bytes)
    return true;
  return object.parts_used_up();
}

// Whether the object's size is known far enough to decide about rolling after this record.
bool LakeSink::may_take_record(const Place& place) const {
  return options_.roll_bytes == 0 || place.object->writer().settled_bytes().has_value();
}

Result<bool> LakeSink::write(Batch& batch, Cursor& cursor) {
  if (error_) return *error_;
  batch_places_.assign(batch.places.size(), nullptr);
  const auto no_room = [&](const Place* but) {
    start_what_fits();
    if (quiet() && !pack_largest()) seal_largest(but);
    start_what_fits();
    return false;
  };
  const auto wait_for_others = [&] {
    start_what_fits();
    return false;
  };
  for (; cursor.record < batch.records.size(); ++cursor.record, cursor.byte = 0) {
    const Record& record = batch.records[cursor.record];
    Place*& target = batch_places_[record.place];
    if (target == nullptr) target = &place(batch.places[record.place]);
    // A record that waited for room has been looked at already.
    if (!cursor.counted) {
      const Seen seen = TRY(look_up(record));
      if (seen == Seen::before) continue;
      if (seen == Seen::wait) return wait_for_others();
    }
    cursor.counted = true;
    // Before a record, never after one: only here is the size that decides always known.
    if (target->object && cursor.byte == 0) {
      // Where blocks wait for a coil that doesn't fit, no encoder gives memory back either.
      if (!may_take_record(*target)) return no_room(nullptr);
      if (has_to_roll(*target)) seal(*target);
    }
    if (!target->object && !open(*target)) return no_room(nullptr);
    OpenObject& object = *target->object;
    const bool all = object.add(record, cursor.byte);
    line_up(object);
    if (!all) return no_room(cursor.byte > 0 ? target : nullptr);
    cursor.counted = false;
    if (!record.copy_of_set_aside) ++tally_.records;
  }
  start_what_fits();
  return true;
}

void LakeSink::seal(Place& place) {
  place.object->seal();
  line_up(*place.object);
  place.object->order = sealed_count_++;
  place.object->at = sealed_.size();
  sealed_.push_back(std::move(place.object));
  // Its entry among those that are filled is charged from now on: when exactly it gets there is
  // chance.
  place.object_lease.shrink(StoredObject::charged_bytes);
  stored_lease_.merge(std::move(place.object_lease));
  place.object_lease = Lease();
}

// The share is full and nothing is under way: what lies in it follows from the records alone, so
// what is done about it now is the same in every run. An eighth of the share is freed at once:
// often enough that the largest are those which have gathered most, and not so often that it costs.
//
// Where text has gathered that is worth a block, the largest blocks are encoded: their places keep
// their objects, in a third of the memory or so. False: there is too little of it, or each object
// would need a compressor of its own.
bool LakeSink::pack_largest() {
  if (options_.encoder.coil_bytes() > 0) return false;
  std::vector<OpenObject*> candidates;
  uint64_t text = 0;
  for (const auto& place : places_) {
    if (!place->object || place->object->writer().gathered_bytes() < packed_bytes_min) continue;
    candidates.push_back(place->object.get());
    text += place->object->writer().gathered_bytes();
  }
  const uint64_t wanted = context_.share.capacity() / 4;
  if (text < wanted / 2) return false;
  std::ranges::stable_sort(candidates, std::greater(), [](const OpenObject* object) {
    return object->writer().gathered_bytes();
  });
  uint64_t packed = 0;
  for (OpenObject* object : candidates) {
    if (packed >= 2 * wanted) break;
    packed += object->writer().gathered_bytes();
    object->writer().hand_over();
    line_up(*object);
  }
  return true;
}

// Else the largest objects are ended.
void LakeSink::seal_largest(const Place* but) {
  std::vector<Place*> candidates;
  for (const auto& place : places_) {
    if (place->object && place.get() != but && place->object->records() > 0)
      candidates.push_back(place.get());
  }
  if (candidates.empty()) {
    fail({ErrorKind::invalid,
          "lake: the sink's share of " + std::to_string(context_.share.capacity()) +
              " bytes is too small for " + std::to_string(stored_.size()) +
              " objects of this unit; give a larger sink_share, or a coarser partition"});
    return;
  }
  std::stable_sort(candidates.begin(), candidates.end(), [](const Place* a, const Place* b) {
    return a->object->held_bytes() > b->object->held_bytes();
  });
  uint64_t freed = 0;
  for (Place* place : candidates) {
    if (freed >= context_.share.capacity() / 8) break;
    freed += place->object->held_bytes() + object_bytes - StoredObject::charged_bytes;
    seal(*place);
  }
}

void LakeSink::finish() {
  finishing_ = true;
  for (const auto& place : places_) {
    if (place->object && place->object->records() > 0) seal(*place);
  }
}

void LakeSink::line_up(OpenObject& object) {
  if (object.writer().has_work())
    object.encode_turn.join(!object.writer().needs_coil() ? to_encode_
                            : object.sealed()             ? coil_for_sealed_
                                                          : coil_for_open_,
                            object);
  // With few places an upload is created while its first text comes. With thousands only for what
  // is sent: who knows which of them will be.
  const bool soon = places_.size() <= eager_places_max || object.sealed() || object.has_parts();
  if (soon && object.has_request()) object.send_turn.join(to_send_, object);
}

// Whoever is at the front and lacks memory stays there: an event will come that frees some. Whoever
// waits for an event of its own comes back with it.
void LakeSink::encode_what_fits() {
  for (Queue<OpenObject>* queue : {&to_encode_, &coil_for_sealed_, &coil_for_open_}) {
    while (!queue->empty()) {
      OpenObject& object = queue->front();
      if (object.writer().start_what_fits() == ObjectWriter::Started::no_memory) break;
      object.encode_turn.leave();
    }
  }
}

void LakeSink::send_what_fits() {
  while (!to_send_.empty() && in_flight_ < options_.requests_in_flight) {
    OpenObject& object = to_send_.front();
    auto start = object.next_request();
    if (!object.has_request()) object.send_turn.leave();
    if (!start) continue;
    const Ticket ticket = context_.tickets.next();
    owners_.emplace(ticket, &object);
    ++in_flight_;
    options_.store.start(std::move(start->request), std::move(start->lease), ticket,
                         context_.inbox);
  }
}

void LakeSink::start_what_fits() {
  if (stopped_ || error_) return;
  encode_what_fits();
  send_what_fits();
}

void LakeSink::on(Event& event) {
  const auto found = owners_.find(event.ticket);
  if (found == owners_.end()) return;
  OpenObject& object = *found->second;
  owners_.erase(found);
  if (dynamic_cast<Answered*>(&event) != nullptr) {
    --in_flight_;
    stored_more_ = true;
  }
  const bool has_begun = object.has_upload();
  const Status done = object.on(event);
  if (!done.ok()) {
    // No store has anything else to miss for a part than its upload.
    upload_gone_ |= !error_ && has_begun && done.error().kind == ErrorKind::not_found;
    return fail(Error(done.error()));
  }
  if (error_) return;  // One of its parts may be the one that is lost.
  line_up(object);
  settle(object);
}

// A sealed object whose parts are all acknowledged leaves its upload for the commit.
void LakeSink::settle(OpenObject& object) {
  if (!object.complete()) return;
  const Upload upload = object.upload();
  stored_.push_back({static_cast<uint32_t>(object.order), static_cast<uint32_t>(object.n()),
                     &object.place(), StoredObject(upload, context_.mark)});
  may_have_twins_ |= object.may_have_twin();
  tally_.bytes_written += upload.content.bytes;
  ++tally_.objects;
  // It is gone from where it was among the sealed ones, and the last of them takes its place.
  const size_t at = object.at;
  std::swap(sealed_[at], sealed_.back());
  sealed_[at]->at = at;
  sealed_.pop_back();
}

std::vector<Upload> LakeSink::take_filled() {
  std::vector<Upload> taken;
  taken.reserve(stored_.size());
  for (; !stored_.empty(); stored_.pop_front()) {
    const Stored& stored = stored_.front();
    taken.push_back(stored.object.upload(key_of(stored), context_.mark));
  }
  stored_lease_.release();
  std::sort(taken.begin(), taken.end(),
            [](const Upload& a, const Upload& b) { return a.key < b.key; });
  return taken;
}

std::vector<std::pair<Key, UploadId>> LakeSink::open_uploads() const {
  std::vector<std::pair<Key, UploadId>> open;
  const auto add = [&](const OpenObject& object) {
    if (auto upload = object.open_upload()) open.push_back(std::move(*upload));
  };
  for (const auto& object : sealed_) add(*object);
  for (const auto& place : places_) {
    if (place->object) add(*place->object);
  }
  for (const Stored& stored : stored_) open.emplace_back(key_of(stored), stored.object.id());
  return open;
}

namespace {

class LakeMaker : public SinkMaker {
 public:
  explicit LakeMaker(LakeOptions options) : options_(std::move(options)) {}
  Result<std::unique_ptr<Sink>> open(SinkContext context) const override {
    const uint64_t least = sink_share_bytes_min_of(options_.encoder);
    auto encode_share = context.share.try_reserve(encode_share_bytes(options_.encoder));
    if (!encode_share || context.share.capacity() < least) {
      return Error{ErrorKind::invalid,
                   "lake: sink_share: needs at least " + std::to_string(least) + " bytes"};
    }
    const std::optional<SinkCheckpoint> resume = std::exchange(context.resume, std::nullopt);
    auto sink = std::make_unique<LakeSink>(options_, std::move(context), std::move(*encode_share));
    if (resume) TRY(sink->take_up(*resume));
    return std::unique_ptr<Sink>(std::move(sink));
  }

 private:
  const LakeOptions options_;
};

}  // namespace

std::unique_ptr<SinkMaker> make_lake_sink(LakeOptions options) {
  return std::make_unique<LakeMaker>(std::move(options));
}

}  // namespace sluice
