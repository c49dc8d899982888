// The stages of the walk as small interfaces: source -> decode -> transform -> partition -> encode
// -> sink. The loop that moves records through them is flow/walk.h; parts implement these.
//
// Threads: Source and Sink belong to the loop's thread. Decoder, Transform and Encoder work on
// workers: a Decoder on one document at a time; Transform and Encoder are const and shared.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/budget.h"
#include "base/buffer.h"
#include "base/clock.h"
#include "base/inbox.h"
#include "base/names.h"
#include "base/result.h"
#include "base/upload.h"
#include "json/path.h"
#include "json/span.h"
#include "record/batch.h"
#include "record/tally.h"

namespace sluice {

// ---- source
// ----------------------------------------------------------------------------------------

// An object, an API page, a span of a stream: what is good or bad as one.
struct Document {
  uint64_t number = 0;  // 0, 1, 2, ... in input order
  std::string name;     // "s3://logs/AWSLogs/…json.gz"; for people, and in the manifest
  Key key;              // As the manifest lists it
  uint64_t bytes = 0;   // As listed; compressed
  ETag etag;
  std::vector<std::string> captures;  // {path.x} in the order of the template's names
  uint64_t end = 0;                   // Streams: the position behind it
};

// Who asks for bytes or for a slot: what its unit can't go on without, or what is read ahead.
enum class Turn : uint8_t { head, ahead };

// How many source requests may be open at once, over all units of the process (--in-flight).
//
// The last slot is not lent to what is read ahead, which may have to wait for its turn with the
// request open: so a head always gets one, as soon as another head's request is answered.
class InFlight {
 public:
  explicit InFlight(uint32_t most) : most_(most) {}
  bool has_room(Turn turn) const { return open_ + (turn == Turn::ahead ? 1 : 0) < most_; }
  bool try_take(Turn turn) { return has_room(turn) ? (++open_, true) : false; }
  void give_back() { --open_; }
  uint32_t open() const { return open_; }
  uint32_t most() const { return most_; }

 private:
  uint32_t open_ = 0;
  const uint32_t most_;
};

// Bytes and slots for a unit's documents. Whoever's turn it is to be written always gets both,
// whatever it asks for; all others get what is left. For that the unit has head shares, which are
// never lent to what is read ahead. They are two, so that chunks that wait to be decoded can't take
// what decoding them needs.
class Purse {
 public:
  enum class For : uint8_t { input, window };
  Purse(Budget& common, InFlight& slots, Lease input_share, Lease window_share)
      : common_(common),
        slots_(slots),
        input_(std::move(input_share)),
        window_(std::move(window_share)) {}
  // Nothing if it doesn't fit now: ask again after the next event.
  std::optional<Lease> reserve(uint64_t document, uint64_t bytes, For use = For::input) {
    const uint64_t floor = use == For::input ? window_floor_bytes() : 0;
    if (common_.capacity() - common_.used() >= bytes + floor) {
      if (auto lease = common_.try_reserve(bytes)) return lease;
    }
    if (document == turn_) return (use == For::input ? input_ : window_).try_reserve(bytes);
    return std::nullopt;
  }
  // A request's slot and its first bytes: both or neither. The slot is given back to InFlight.
  std::optional<Lease> admit(uint64_t document, uint64_t bytes) {
    const Turn turn = document == turn_ ? Turn::head : Turn::ahead;
    if (!slots_.has_room(turn)) return std::nullopt;
    auto lease = reserve(document, bytes);
    if (lease) ENSURE(slots_.try_take(turn));
    return lease;
  }
  // What decoding the document holds besides its window (DecoderMaker::state_bytes), for as long as
  // it is at work: never out of a head share, which its windows need. A head does without.
  std::optional<Lease> reserve_state(uint64_t document, uint64_t bytes) {
    auto lease = common_.try_reserve(bytes);
    if (!lease && document == turn_) return Lease();
    return lease;
  }
  uint64_t input_share_bytes() const { return input_.capacity(); }
  uint64_t window_share_bytes() const { return window_.capacity(); }
  void set_turn(uint64_t document) {
    turn_ = document;
    is_placing_ = false;
  }
  uint64_t turn() const { return turn_; }
  // Something of the document whose turn it is goes to the sink: it can't begin anew any more.
  void begin_placing() { is_placing_ = true; }
  bool is_placing() const { return is_placing_; }
  // Gives the head shares back, once all bytes have been returned.
  std::array<Lease, 2> release() { return {input_.release(), window_.release()}; }

 private:
  // What reading ahead leaves free: bytes that can't be inflated are of no use.
  uint64_t window_floor_bytes() const { return common_.capacity() / 12; }

  Budget& common_;
  InFlight& slots_;
  Budget input_;
  Budget window_;
  uint64_t turn_ = 0;
  bool is_placing_ = false;
};

struct Chunk {
  Buffer bytes;
  Lease lease;          // Of `bytes`
  uint64_t offset = 0;  // In the document, compressed
  bool last = false;
};

// Something of a document has come: its next chunk, or the reason why it can't be read.
struct Arrived {
  uint64_t document = 0;
  Chunk chunk;  // Chunks of one document come in order; documents in any order
  std::optional<Error> bad =
      {};  // The document is set aside with these words (vanished, ...); nothing more comes of it
  bool is_nothing = false;  // A document without content: there is nothing to decode
};

// A document of at most this many bytes comes as one chunk; a larger one in chunks of
// chunk_bytes_max.
inline constexpr uint64_t whole_bytes_max = 4 << 20;
inline constexpr uint64_t chunk_bytes_max = 1 << 20;

// What decoding a document has shown of it besides its records. A paged source learns from it what
// comes next.
struct Envelope {
  uint64_t document = 0;
  uint64_t records = 0;  // Sliced, good or bad
  uint64_t content = 0;  // Hash of their number, the first and the last good one and all bad ones:
                         // the same page has the same
  std::vector<std::optional<std::string>> values = {};  // Raw JSON of the paths that were wanted
  std::optional<std::string> fault = {};                // Why it couldn't be decoded (to its end)
};

class Source {
 public:
  virtual ~Source() = default;
  // Starts requests while there are documents, bytes in the purse and room in flight. Never blocks.
  virtual void start_what_fits(Purse& purse) = 0;
  // Begins what reads no document and needs no bytes of the unit's: listing, while the unit is
  // still being claimed. From then on its events may arrive. To be called again after each.
  virtual void look_ahead() {}
  // An event whose ticket is of this source's series.
  virtual void on(Event& event) = 0;
  virtual std::optional<Arrived> take() = 0;
  // Valid from before its first Arrived until forget(number).
  virtual const Document& document(uint64_t number) const = 0;
  virtual void forget(uint64_t number) = 0;
  // The document isn't what it should be, and nothing of it has been placed: whether the source
  // brings it once more, from its beginning. Asked before anybody else is told of the fault.
  virtual bool bring_again(uint64_t, const std::string& /*fault*/) { return false; }
  // A document of a source that wants envelopes (SourceMaker) is decoded; in any order.
  virtual void on_envelope(const Envelope&) {}
  // Where a later run may go on behind this document, whose envelope has been given; nothing where
  // it can't. Asked before forget().
  virtual std::optional<std::string> cursor_after(uint64_t) const { return std::nullopt; }
  // How many documents there are, once the listing has ended.
  virtual std::optional<uint64_t> documents() const = 0;
  // An error that ends the unit (a listing denied). Documents that fail alone come as Arrived::bad.
  virtual Status status() const = 0;
  // That error is: where an earlier run had got to can't be found any more.
  virtual bool is_cursor_unknown() const { return false; }
  // For the report; asked for when a document has been placed.
  virtual std::vector<std::string> take_warnings() { return {}; }
  // No new requests; drained() follows once the open ones are answered.
  virtual void stop() = 0;
  virtual bool drained() const = 0;  // Nothing is open, nothing more will arrive
};

// What a bad record or document does to its unit (the job's `on_bad`).
enum class OnBad : uint8_t { set_aside, stop };

// ---- decode
// ----------------------------------------------------------------------------------------

using json::Span;  // Of the window

// About so many records, good and bad, come of one step, however many bytes they are: what a record
// costs besides its bytes is more than the least of them have. A decoder may look at
// step_look_bytes more before it stops.
inline constexpr size_t step_records_max = 4096;
inline constexpr size_t step_look_bytes = 64 << 10;

struct DecodeStep {
  enum class Next : uint8_t {
    more_input,  // The input is used up.
    more_room,   // The window is full: take the records, carry the rest over or grow the window.
                 // Or a step gives no more records than these (step_records_max): take them.
    finished,    // The document has ended well.
  };
  Next next = Next::more_input;
  size_t consumed =
      0;  // So many bytes at the window's front are done with, records in `records` included
};

// What one bad record spoils: itself (a line), or its whole document (one JSON value).
enum class Spoils : uint8_t { record, document };

// Turns a document's bytes into records: inflates by content (gzip, zstd, plain) and slices.
// Whether each record is well-formed inside is checked later, on another worker. One document at a
// time; reset() makes it ready for the next (keeping its memory).
class Decoder {
 public:
  virtual ~Decoder() = default;
  virtual void reset() = 0;
  // Takes bytes from the front of `input` (`last`: no more will come after these), appends inflated
  // bytes to `window` up to its capacity, and adds the records that are now whole to `records` as
  // spans of the window, in order, each once. The window starts with what the last step did not
  // consume, moved to the front by the caller (the caller may also leave everything where it is and
  // say so with `window_start` unchanged); spans of earlier steps are never given again.
  // An error (corrupt) is the document's: what was sliced before it stands.
  virtual Result<DecodeStep> step(std::string_view& input, bool last, Buffer& window,
                                  std::vector<Span>& records, std::vector<SetAside>& bad) = 0;
  // The caller dropped `bytes` from the front of the window (at most DecodeStep::consumed).
  virtual void dropped(size_t bytes) = 0;
  virtual uint64_t window_offset() const = 0;  // Of window[0] in the document, inflated
  virtual uint64_t inflated() const = 0;       // Bytes so far
  // After an error, or with rest_lost(): the first bad byte in the inflated document, as far as it
  // is known.
  virtual uint64_t bad_offset() const { return inflated(); }
  // Why only the records that were given could be had of the document. After Next::finished.
  virtual std::optional<std::string> rest_lost() const { return std::nullopt; }
  // What of the text so far no checksum has vouched for: it comes behind a piece's last byte.
  virtual std::optional<Unproven> unproven() const { return std::nullopt; }
  virtual Spoils spoils() const = 0;
  virtual bool json() const = 0;  // Are records JSON, to be checked as such?
  virtual const std::vector<std::string>& warnings()
      const = 0;  // "12 bytes after the gzip member ignored"
  // Raw JSON of the value at want_envelope()'s i-th path, once it has passed by. Until reset().
  virtual std::optional<std::string_view> envelope(size_t) const { return std::nullopt; }
  virtual size_t envelope_size() const { return 0; }  // How many were wanted
};

// One for a job. Makes decoders; safe to use from any thread.
class DecoderMaker {
 public:
  virtual ~DecoderMaker() = default;
  virtual std::unique_ptr<Decoder> make() const = 0;
  // How much a document may inflate to, as far as its bytes tell (gzip's ISIZE, zstd's content
  // size); 0: unknown.
  virtual uint64_t inflated_hint(std::string_view whole_document) const = 0;
  // What a decoder's codec holds besides the window while it is at work on a document, as far as
  // its first bytes tell. From the next reset() on it is let go, or small.
  virtual uint64_t state_bytes(std::string_view /*first_bytes*/) const { return 0; }
  // Of a packed document: how many bytes at its front are whole pieces (gzip members, zstd frames)
  // that their checksums vouch for, and what is wrong behind them. Nothing: it is sound, not
  // packed, or the end can't be told without more ado. Takes as long as inflating it.
  virtual std::optional<std::pair<size_t, std::string>> damage(
      std::string_view /*whole_document*/, const std::atomic<bool>& /*cancelled*/) const {
    return std::nullopt;
  }
  // Before the first make(): values outside of the records that its decoders are to keep. False if
  // these documents have nothing outside of their records.
  virtual bool want_envelope(const std::vector<json::Path>&) { return false; }
  // Is a text without a byte one without records? (Lines may be none; JSON is a value at least.)
  virtual bool may_be_empty() const { return false; }
};

// ---- transform
// ---------------------------------------------------------------------------------------

struct Since;

// What a template or a transform may refer to besides the record.
struct UnitNames {
  std::string id;                      // "2024-02-08"
  std::optional<WallTime> start = {};  // Time units only
  std::optional<WallTime> end = {};
  WallTime run_started = {};
  std::string run_id;
  const Since* since = nullptr;  // Of the pass under way, of an incremental source
};

enum class Verdict : uint8_t { unchanged, changed, dropped };

// Records that go through a transform together, and what becomes of each.
struct TransformBatch {
  struct Outcome {
    Result<Verdict> verdict = Verdict::unchanged;
    std::string out;  // The new text, if changed
  };
  const UnitNames& unit;
  const Document& document;
  std::vector<std::string_view> records = {};
  std::vector<Outcome> outcomes = {};      // As many as there are records, all `unchanged`
  std::vector<std::string> warnings = {};  // For the report
  // Once this much text has come of them (but at least of one) the rest may be left unanswered;
  // they come once more.
  uint64_t text_bytes_max = UINT64_MAX;
  size_t answered = 0;               // From the front; as many as there are records to begin with
  uint64_t record_max = UINT64_MAX;  // A longer text sets its record aside
  const std::atomic<bool>* cancelled = nullptr;  // Once true, waiting is to end with an error
};

// Whose a record is, and how long its text may get.
struct RecordContext {
  const UnitNames& unit;
  const Document& document;
  uint64_t text_bytes_max = 8 << 20;
};

// Edits the text of one record. const and shared by all workers.
class Transform {
 public:
  static Error longer_than(uint64_t record_max) {
    return {ErrorKind::too_large, "longer than record_max (" + std::to_string(record_max) +
                                      " bytes) after its transforms"};
  }
  virtual ~Transform() = default;
  // Once, before the first apply(): what Document::captures are, in their order. `invalid` if one
  // that it wants is not among them.
  virtual Status use_paths(const std::vector<std::string>&) { return {}; }
  // `changed`: the new text is in `out` (cleared by the callee first). An error sets the record
  // aside. Where much can come of little, making it is broken off with longer_than() before it is
  // longer than the context allows; it may then be asked for again, with more.
  virtual Result<Verdict> apply(std::string_view record, const RecordContext& context,
                                std::string& out) const = 0;
  // A transform for which a call is dear (a pipe to a program) gets as many records as there are at
  // hand, with apply_all() instead of apply(). What becomes of one may not depend on which others
  // come with it. An error is the unit's.
  virtual bool wants_many() const { return false; }
  virtual Status apply_all(TransformBatch&) const { return {}; }
  // Once nothing is applied any more, that of all units: what it kept going ends, which may take
  // some seconds. An error: what it has answered can't be trusted, whoever has committed it.
  virtual Status end() const { return {}; }
};

// ---- encode
// ------------------------------------------------------------------------------------------

// What an object's blocks add up to so far.
struct Encoded {
  Buffer bytes;
  uint32_t crc32 = 0;  // Of the text (gzip's trailer needs it)
  uint64_t raw_bytes = 0;
};

// What a chained encoder carries from block to block of one object (a zstd stream).
class Coil {
 public:
  virtual ~Coil() = default;
};

// Turns text into an object's bytes, a block at a time. An object's text is cut into blocks of
// block_bytes (the last is shorter), wherever records end; only objects end at records' ends.
class Encoder {
 public:
  virtual ~Encoder() = default;
  virtual std::string extension() const = 0;  // ".jsonl.gz"
  virtual size_t block_bytes() const = 0;
  // At most so many bytes come of a block.
  virtual size_t encoded_bytes_max(size_t text_bytes) const = 0;
  // Null: blocks of one object may be encoded at the same time, in any order.
  virtual std::unique_ptr<Coil> coil() const { return nullptr; }
  virtual size_t coil_bytes() const { return 0; }    // What a coil costs in memory
  virtual size_t worker_bytes() const { return 0; }  // What each encode() at work at once costs
  virtual std::string header() const = 0;            // Before the first block
  // `out.bytes` has room for encoded_bytes_max. `coil` is null where coil() is. `final`: no block
  // follows.
  virtual Status encode(Coil* coil, std::string_view text, bool final, Encoded& out) const = 0;
  // After the last block; `crc32` of the whole text.
  virtual std::string trailer(uint32_t crc32, uint64_t raw_bytes) const = 0;
};

// ---- sink
// --------------------------------------------------------------------------------------------

// What a sink has safely stored up to a point of the record stream, and what another sink needs to
// go on from there.
struct SinkCheckpoint {
  uint64_t point = 0;                // As given to mark_checkpoint()
  std::vector<Upload> uploads = {};  // Filled, or filled so far
  Tally tally = {};                  // Of what was written
  std::string state = {};            // The sink's own
};

class Sink {
 public:
  virtual ~Sink() = default;
  // Takes records in order, from the `cursor`th on, and moves the cursor; stops early when it has
  // no room now (ask again after the next event). True once all are taken.
  struct Cursor {
    size_t record = 0;
    size_t byte = 0;       // Inside the record: a large one goes in piece by piece
    bool counted = false;  // The sink's: it has looked at this record before
  };
  virtual Result<bool> write(Batch& batch, Cursor& cursor) = 0;
  virtual void finish() = 0;  // No more records come: seal everything
  // Between two records: a later run could go on here. Points count upwards. May be ignored.
  virtual void mark_checkpoint(uint64_t) {}
  // The latest marked point up to which everything is stored, each once.
  virtual std::optional<SinkCheckpoint> take_checkpoint() { return std::nullopt; }
  virtual void start_what_fits() = 0;
  virtual void on(Event& event) = 0;
  virtual bool finished() const = 0;  // finish() was called and every part is acknowledged
  virtual Status status() const = 0;  // An error that ends the unit
  // That error is: an upload that was being filled is not there any more; or what an earlier run
  // had stored can't be gone on with.
  virtual bool is_upload_gone() const { return false; }
  virtual bool is_checkpoint_unknown() const { return false; }
  // Those that are filled and wait for their commit. The ledger's intent names them.
  virtual std::vector<Upload> take_filled() = 0;
  // The creation of one of them was asked for more than once: another upload may be open for it,
  // and be nobody's.
  virtual bool may_have_twins() const = 0;
  virtual Tally tally() const = 0;  // Of what was written, and of duplicates
  // No new requests; drained() follows once the open ones are answered. Uploads stay open: who
  // aborts them is decided by the record (see ledger).
  virtual void stop() = 0;
  virtual bool drained() const = 0;
  // Every upload this sink has opened and not given away as filled.
  virtual std::vector<std::pair<Key, UploadId>> open_uploads() const = 0;
};

}  // namespace sluice
