// The walk of a unit's records, and the only place that knows in which order the stages meet:
//
//   source -> decode -> transform -> partition -> sink (which encodes and uploads)
//
// Documents are read many at a time and decoded in whatever order they arrive; they are written in
// input order, always, so the same input gives the same records in the same order. What waits for
// its turn lies in reserved memory; the document whose turn it is always gets what it needs.
//
// Belongs to the loop's thread. What becomes of the uploads is not the walk's business: the sink
// prepares them, the unit's ledger commits them.
#pragma once

#include <atomic>
#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "flow/large_document.h"
#include "flow/refine.h"
#include "flow/stage.h"
#include "flow/whole_documents.h"
#include "flow/workers.h"
#include "meter/meter.h"
#include "record/tally.h"

namespace sluice {

// What the records look like that went to the sink, duplicates included.
struct WalkShape {
  uint64_t records = 0;
  uint64_t bytes = 0;  // Of their text
  FieldCounts fields;  // Of some of them, where the recipe counts fields
};

// What the walk tells whoever writes the manifest, in input order.
class WalkLog {
 public:
  virtual ~WalkLog() = default;
  virtual void on_document(const Document& document) = 0;  // It has been read, whatever came of it
  virtual void on_set_aside(SetAside what) = 0;
  virtual void on_warning(const Document& document, const std::string& warning) = 0;
  // All that is placed now ends at the point that the sink was told of: a later run could begin at
  // `cursor`.
  virtual void on_checkpoint(uint64_t, const std::string&, const Tally&) {}
};

class Walk {
 public:
  struct Parts {
    Source& source;
    Sink& sink;
    const DecoderMaker& decoders;
    const Recipe& recipe;
    const UnitNames& unit;
    Purse& purse;
    Workers& workers;
    Inbox& inbox;
    TicketSeries tickets;
    Meter& meter;
    WalkLog& log;
    OnBad on_bad = OnBad::set_aside;
    bool envelopes = false;  // The source wants them
  };
  explicit Walk(Parts parts);
  ~Walk();

  void start_what_fits();
  bool owns(Ticket ticket) const { return parts_.tickets.owns(ticket); }
  void on(Event& event);  // Work of this walk that came back; the source's and the sink's events
                          // are theirs

  // Everything is placed that will be read; it may still have to be uploaded.
  bool placed() const { return finishing_ && !error_; }
  // Everything read is placed and uploaded. Look at status() first.
  bool filled() const;
  Status status() const;
  // Streams: reads no further; what has been placed is sealed and uploaded, then filled() is true.
  void seal();
  // Starts nothing more. Destroy the walk only when drained().
  void stop();
  bool drained() const;

  const Tally& tally() const { return tally_; }    // Of what was read
  uint64_t position() const { return position_; }  // Streams: behind the last document placed
  const WalkShape& shape() const { return shape_; }
  // Of an incremental source: of earlier passes and of all that has been placed.
  HighWater high_water() const;

 private:
  struct Pending;  // A document that has arrived, in part or whole, and is not placed yet

  Pending& pending(uint64_t number);
  Pending* head();
  void take_arrivals();
  void decode_what_fits();
  bool dispatch(std::vector<uint64_t>& numbers);
  void place_what_fits();
  bool place(Batch& batch);
  bool raise_high_water(const HighWater& batch);
  bool place_head();
  bool place_large(Pending& head);
  void head_done();
  void give_envelope(const Envelope& envelope);
  void set_aside(SetAside what);
  void set_aside_of(Batch& batch);
  void tell_what_was_ended(Batch& batch);

  Parts parts_;
  std::deque<std::unique_ptr<Pending>> pending_;  // From turn_ on; null: nothing has arrived
  uint64_t turn_ = 0;
  std::deque<uint64_t> to_decode_;  // Whole documents, as they arrived
  size_t decoding_ = 0;             // Pieces of work out
  Sink::Cursor cursor_;             // In the batch that is being placed
  uint64_t checkpoints_ = 0;        // Points marked
  bool learnt_ = false;             // The source got an envelope: it may have something to start
  bool sealed_ = false;
  bool finishing_ = false;
  bool stopped_ = false;
  std::atomic<bool> cancelled_ = false;  // Read by workers
  std::optional<Error> error_;
  Tally tally_;
  uint64_t position_ = 0;
  WalkShape shape_;
  HighWater high_water_;
};

}  // namespace sluice
