// Small documents: they come in one piece, and a worker turns several of them into batches at a
// time, in any order. A document is good or bad as a whole here, unless it is good up to where its
// packing is damaged; one that inflates past the hold
// is not for this, it goes piece by piece (large_document.h).
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "flow/envelope.h"
#include "flow/refine.h"
#include "flow/stage.h"
#include "flow/workers.h"

namespace sluice {

// How far a document is held back until it has proved whole (design, policy 4).
inline constexpr uint64_t hold_bytes_max = 4 << 20;

struct DecodedDocument {
  enum class Fate : uint8_t {
    good,
    partial,  // Its records stand, but there is a rest that can't be read
    bad,
    too_large,
    many,  // Proved good, but its records take more than there is: it goes piece by piece
  };
  uint64_t number = 0;
  const Document* document = nullptr;
  Chunk raw;   // Given back where it is needed once more (too_large, many); else let go
  Lease room;  // In: for the window. Out: moved into the batch
  uint64_t room_bytes = 0;
  Fate fate = Fate::good;
  Batch batch;   // Its records. Bad: at most a copy of it
  SetAside why;  // Bad, or partial
  uint64_t inflated = 0;
  std::vector<std::string> warnings;
  std::optional<Envelope> envelope = {};  // Where they are wanted
};

struct DecodeDocuments : Work {
  DecodeDocuments(Ticket ticket, const DecoderMaker& decoders, const Recipe& recipe,
                  const UnitNames& unit, bool envelopes, const std::atomic<bool>& cancelled)
      : Work(ticket),
        decoders(decoders),
        recipe(recipe),
        unit(unit),
        envelopes(envelopes),
        cancelled(cancelled) {}
  void run(Scratch& scratch) override;

  const DecoderMaker& decoders;
  const Recipe& recipe;
  const UnitNames& unit;
  const bool envelopes;
  const std::atomic<bool>& cancelled;
  std::vector<DecodedDocument> documents;
  Lease state;            // In: of the codec, for the document of them that needs most
  uint64_t inflated = 0;  // Out: of all
};

}  // namespace sluice
