// The lake sink itself, whose parts are in lake.cc (records, objects, requests) and in
// lake_checkpoints.cc. lake.h is what others see of it.
#pragma once

#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "sink/checkpoint.h"
#include "sink/dedupe.h"
#include "sink/lake.h"
#include "sink/open_object.h"
#include "sink/stored_object.h"

namespace sluice {

// What a place and its open object cost besides text, and besides what is encoded.
inline constexpr uint64_t place_bytes = 192, object_bytes = 256;
// A shorter block isn't worth encoding for want of memory: what an object needs besides, once it
// has encoded bytes, is a quarter of that.
inline constexpr uint64_t packed_bytes_min = 2 << 10;

struct Place {
  std::string name;
  uint64_t next_n = 0;
  std::unique_ptr<OpenObject> object;  // Null between objects
  Lease lease;                         // Of this entry
  Lease object_lease;
};

// A marked point of the record stream: what there was, but for the object that was open.
struct MarkedPoint {
  uint64_t point = 0;
  Tally tally;
  size_t sealed = 0;  // So many objects had been sealed
  std::vector<SinkState::PlaceState> places;
};

// An object that was sealed, and is stored but for its commit.
struct Stored {
  uint32_t order = 0;  // So many were sealed before it
  uint32_t n = 0;      // Which of its place's objects
  const Place* place = nullptr;
  StoredObject object;
};

class LakeSink : public Sink {
 public:
  LakeSink(const LakeOptions& options, SinkContext context, Lease encode_share)
      : options_(options),
        context_(std::move(context)),
        encode_share_(std::move(encode_share)),
        yard_{{options_.encoder, context_.workers, context_.inbox, context_.tickets, context_.meter,
               context_.share, encode_share_, owners_},
              context_.share.capacity(),
              context_.mark,
              [this](const Place& place, uint64_t n) { return Key(key_at(place, n)); }},
        dedupe_(context_.hashes, context_.hashes_annex) {
    // A chained encoder can't begin in the middle, and hashes of what was seen aren't kept.
    yard_.checkpoints =
        context_.checkpoints && !options_.dedupe && options_.encoder.coil_bytes() == 0;
  }
  ~LakeSink() override { ENSURE(drained()); }

  // Goes on where an earlier run's sink had got to; before anything else.
  Status take_up(const SinkCheckpoint& checkpoint);
  Result<bool> write(Batch& batch, Cursor& cursor) override;
  void mark_checkpoint(uint64_t point) override;
  std::optional<SinkCheckpoint> take_checkpoint() override;
  void finish() override;
  void start_what_fits() override;
  void on(Event& event) override;
  bool finished() const override { return finishing_ && sealed_.empty() && !error_; }
  Status status() const override { return error_ ? Status(*error_) : Status(); }
  bool is_upload_gone() const override { return upload_gone_; }
  bool is_checkpoint_unknown() const override { return checkpoint_unknown_; }
  std::vector<Upload> take_filled() override;
  bool may_have_twins() const override { return may_have_twins_; }
  Tally tally() const override { return tally_; }
  void stop() override { stopped_ = true; }
  bool drained() const override { return owners_.empty(); }
  std::vector<std::pair<Key, UploadId>> open_uploads() const override;

 private:
  Status resume(const SinkCheckpoint& checkpoint, const SinkState& state);
  void refuse_checkpoint(std::string why);
  Place& place(std::string_view name);
  enum class Seen : uint8_t { is_new, before, wait };
  Result<Seen> look_up(const Record& record);
  Key key_of(const Stored& stored) const;
  std::unordered_map<Key, std::pair<Place*, uint64_t>> objects_begun() const;
  std::string key_at(const Place& place, uint64_t n) const;
  bool open(Place& place);
  bool has_to_roll(const Place& place) const;
  bool may_take_record(const Place& place) const;
  void seal(Place& place);
  bool pack_largest();
  void seal_largest(const Place* but);
  void settle(OpenObject& object);
  void line_up(OpenObject& object);
  void encode_what_fits();
  void send_what_fits();
  void fail(Error error) {
    if (!error_) error_ = std::move(error);
  }
  // Nothing is under way that would give memory back.
  bool quiet() const { return owners_.empty(); }

  const LakeOptions& options_;
  SinkContext context_;
  Budget encode_share_;
  ObjectYard yard_;
  Dedupe dedupe_;

  // Those that have something to start. Who waits for a coil holds up nobody who has one; and what
  // is sealed gets one first: it will give it back.
  Queue<OpenObject> to_encode_, coil_for_sealed_, coil_for_open_, to_send_;
  std::vector<std::unique_ptr<Place>> places_;  // In the order of their first records
  std::unordered_map<std::string_view, Place*> by_name_;
  std::vector<std::unique_ptr<OpenObject>> sealed_;  // On their way out
  std::unordered_map<Ticket, OpenObject*> owners_;   // What is under way
  uint32_t in_flight_ = 0;
  std::deque<Stored> stored_;
  bool may_have_twins_ = false;  // One of them
  Lease stored_lease_;
  std::deque<MarkedPoint> marked_;
  size_t opened_ = 0;  // Objects, so far
  size_t sealed_count_ = 0;
  bool stored_more_ = false;          // A part was acknowledged since the last look
  std::vector<Place*> batch_places_;  // Of the batch being written, by Batch::places
  Tally tally_;
  bool finishing_ = false;
  bool stopped_ = false;
  std::optional<Error> error_;
  bool upload_gone_ = false;  // That was the error; or that:
  bool checkpoint_unknown_ = false;
};

}  // namespace sluice
