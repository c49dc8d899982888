// What makes a unit's source and sink. A maker is one for a job; open() is called for each unit, on
// the loop's thread.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "base/annex.h"
#include "flow/incremental.h"
#include "flow/stage.h"
#include "flow/workers.h"
#include "meter/meter.h"

namespace sluice {

struct SourceContext {
  const UnitNames& unit;  // Outlives the source, as all references here do
  InFlight& in_flight;
  Budget& common;  // For what isn't a document: listing pages
  Inbox& inbox;
  TicketSeries tickets;                    // Of this source alone
  uint64_t limit = UINT64_MAX;             // Documents
  uint64_t position = 0;                   // Streams: where to begin
  std::optional<uint64_t> until = {};      // Streams: end at this position
  std::optional<std::string> cursor = {};  // Where an earlier run got to: cursor_after()
  bool may_be_empty = false;               // As DecoderMaker::may_be_empty()
  const DecoderMaker* decoder = nullptr;   // Of its documents; null: not known
};

struct PlannedInput {
  uint64_t documents = 0, bytes = 0, listings = 0;
  bool operator==(const PlannedInput&) const = default;
};

class SourceMaker {
 public:
  virtual ~SourceMaker() = default;
  virtual Result<std::unique_ptr<Source>> open(SourceContext context) const = 0;
  // Lists only; blocking. For `plan`, `verify` and the look at changed inputs: `each` is called for
  // every document in input order.
  virtual Status list(const UnitNames& unit, const std::function<void(const Document&)>& each,
                      PlannedInput& planned) const = 0;
  // Can list() tell what there is? If not, a unit's inputs can't be compared with what was read.
  virtual bool lists() const { return true; }
  virtual bool stream() const { return false; }  // Never finished: a later run goes on
  // A stream that is read to its end: each run is a pass, which begins where the last one got to
  // (UnitNames::since). Others have positions, and end only when they are told to.
  virtual std::optional<Incremental> incremental() const { return std::nullopt; }
  virtual std::vector<std::string> path_names() const {
    return {};
  }  // x of {path.x}, as Document::captures
  // Its sources are told of each document's envelope (Source::on_envelope), with these values.
  virtual bool wants_envelopes() const { return false; }
  virtual std::vector<json::Path> envelope_paths() const { return {}; }
  // Its sources may give cursors, so that a unit can be resumed.
  virtual bool resumable() const { return false; }
};

struct SinkContext {
  const UnitNames& unit;
  Mark mark;      // Of every upload
  Budget& share;  // The unit's sink share, all of it for this sink
  // For what grows with the number of records (the hashes of dedupe): the unit's own share, and
  // what units have one after another.
  Budget& hashes;
  Annex& hashes_annex;
  Meter& meter;
  Workers& workers;
  Inbox& inbox;
  TicketSeries tickets;
  bool checkpoints = false;  // mark_checkpoint() will be called
  // What an earlier run had stored; its records don't come again.
  std::optional<SinkCheckpoint> resume = {};
};

class SinkMaker {
 public:
  virtual ~SinkMaker() = default;
  virtual Result<std::unique_ptr<Sink>> open(SinkContext context) const = 0;
};

}  // namespace sluice
