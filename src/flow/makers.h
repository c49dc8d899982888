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
  Trace* trace = nullptr;                  // Of requests that go to no store; null: nobody asks
};

struct PlannedInput {
  uint64_t documents = 0, bytes = 0, listings = 0;
  bool operator==(const PlannedInput&) const = default;
};

// What a source is, the same for all its units.
struct SourceTraits {
  enum class Extent : uint8_t {
    bounded,  // A unit's documents, once; nothing of them has come before.
    pass,  // Each run goes on where the last committed one got to (UnitNames::since), and is read
           // to its end.
    endless,  // Has positions; a later run goes on, and it ends only when it is told to.
  };
  Extent extent = Extent::bounded;
  std::optional<Incremental> incremental = {};  // Of a pass
  // Can SourceMaker::list() tell what there is? If not, a unit's inputs can't be compared with what
  // was read.
  bool lists = false;
  bool resumable = false;                    // May give cursors, so that a unit can be resumed
  std::vector<std::string> path_names = {};  // x of {path.x}, as Document::captures
  // It is told of each document's envelope (Source::on_envelope), with these values.
  std::optional<std::vector<json::Path>> envelope = {};

  bool goes_on() const { return extent != Extent::bounded; }
  bool is_endless() const { return extent == Extent::endless; }
};

class SourceMaker {
 public:
  explicit SourceMaker(SourceTraits traits) : traits_(std::move(traits)) {}
  virtual ~SourceMaker() = default;
  const SourceTraits& traits() const { return traits_; }
  virtual Result<std::unique_ptr<Source>> open(SourceContext context) const = 0;
  // Lists only; blocking. For `plan`, `verify` and the look at changed inputs: `each` is called for
  // every document in input order. Of a source that doesn't list nothing is known before it is
  // read.
  virtual Status list(const UnitNames&, const std::function<void(const Document&)>& /*each*/,
                      PlannedInput& planned) const {
    planned = {};
    return {};
  }

 private:
  const SourceTraits traits_;
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
