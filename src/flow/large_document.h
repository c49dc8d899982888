// A document larger than the hold: it goes through piece by piece, in constant memory, when its
// turn has come. One that has come in one piece is proven first: what is damaged of it, and all
// behind that, is not read. Inflating and slicing go step after step; checking and transforming the
// pieces goes on several workers at once; the batches come out in order.
//
// Belongs to the loop's thread. Everything it needs comes from the unit's purse: without any other
// byte free it still moves, out of the head share.
#pragma once

#include <atomic>
#include <deque>
#include <memory>
#include <optional>
#include <string>

#include "flow/envelope.h"
#include "flow/refine.h"
#include "flow/stage.h"
#include "flow/workers.h"
#include "meter/meter.h"

namespace sluice {

class LargeDocument {
 public:
  struct Surroundings {
    const DecoderMaker& decoders;
    const Recipe& recipe;
    const UnitNames& unit;
    Purse& purse;
    Workers& workers;
    Inbox& inbox;
    TicketSeries& tickets;
    Meter& meter;
    bool envelopes;
    const std::atomic<bool>& cancelled;
  };
  // `is_proven`: it has been inflated whole before, and was sound.
  LargeDocument(const Document& document, Surroundings around, bool is_proven);
  ~LargeDocument();

  void feed(Chunk chunk);     // The next one, in order
  void break_off(Error why);  // The rest can't be read
  void start_what_fits();
  // Whether the event was one of this document's.
  bool on(Event& event);

  Batch* front();  // The next batch, if it is ready
  void pop();      // front() is placed
  // Once, when the last record is sliced or a fault is met, and only where they are wanted.
  std::optional<Envelope> take_envelope();
  bool finished() const;  // All is out, and nothing is being worked on
  bool idle() const { return !stepping_ && refining_ == held_.size(); }  // May be destroyed

  // The earliest so far; for good once it is finished().
  const std::optional<DocumentFault>& fault() const { return fault_ ? fault_ : rest_lost_; }
  // Not only its packing's rest is lost.
  bool is_broken() const { return fault_.has_value(); }
  // After finished().
  uint64_t inflated() const { return decoder_->inflated(); }
  uint64_t records() const { return records_; }
  const std::vector<std::string>& warnings() const { return decoder_->warnings(); }

 private:
  struct Prove;
  struct Step;
  struct Refine;
  struct Slot;

  bool is_proven();
  std::optional<Unproven> unproven() const;
  void start_step();
  void take_step();
  bool part_window(Slot& slot, bool over);
  void hand_out(Slot& slot);
  void drop_inputs(Step& step, bool all);
  void refine_held();
  bool make_room();
  void fail(DocumentFault fault);

  const Document& document_;
  const Surroundings around_;
  std::optional<Lease> state_;  // Of the decoder's codec, once the first bytes have told
  const std::unique_ptr<Decoder> decoder_;

  std::deque<Chunk> chunks_;
  size_t input_used_ = 0;  // Of the first chunk
  Buffer window_;
  std::vector<Lease> window_leases_;
  std::unique_ptr<Step> step_;                 // Came back and waits for room
  bool stepping_ = false;                      // Out with a worker
  bool proven_;                                // As far as it can be before it is read,
  bool is_sound_;                              // ... and nothing was wrong with it
  bool crowded_ = false;                       // The last step ended for its many records
  bool ended_ = false;                         // No step follows
  std::deque<std::unique_ptr<Slot>> slots_;    // In order
  std::vector<std::unique_ptr<Refine>> held_;  // Counted by refining_, not yet submitted
  size_t refining_ = 0;
  std::optional<Error> broken_off_;
  std::optional<DocumentFault> fault_;
  std::optional<DocumentFault> rest_lost_;  // Good up to here
  uint64_t records_ = 0;
  EnvelopeGatherer gatherer_;
  bool envelope_taken_ = false;
};

}  // namespace sluice
