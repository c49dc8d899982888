// Who makes an object's bytes of its records: one for each object, fed with records in order, whose
// dear work is done by workers. What it makes goes into the object's PartStream. The loop's thread
// only; all of its memory is leased from the unit's sink share.
//
// What an object's bytes are follows from its records, and where it is told to hand over or to
// mark, alone: never from when workers are done.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string_view>
#include <unordered_map>

#include "flow/stage.h"
#include "flow/workers.h"
#include "meter/meter.h"
#include "record/batch.h"
#include "sink/part_stream.h"

namespace sluice {

class OpenObject;

class ObjectWriter {
 public:
  virtual ~ObjectWriter() = default;

  // Takes the record, of which it has `taken` bytes already, as far as there is memory for it.
  // False: not all of it yet; `taken` has moved on.
  virtual bool add(const Record& record, size_t& taken) = 0;
  virtual void end() = 0;  // No more records come
  // A later run could go on behind the last record. False: that isn't worth what it costs.
  virtual bool mark(uint64_t point, const RecordSums& sums) = 0;
  // Goes on where another had got to: before the first record. invalid: it is no such state.
  virtual Status go_on(std::string_view state) = 0;

  // Hands work to workers. `waits`: some can't be begun before the object's own next event.
  enum class Started : uint8_t { all, waits, no_memory };
  virtual Started start_what_fits() = 0;
  virtual bool has_work() const = 0;  // Some that wasn't handed over
  // It can't begin any before there is memory for a compressor of its own.
  virtual bool needs_coil() const = 0;
  // A piece of its work has come back.
  virtual Status take(Work& work, PartStream& out) = 0;

  virtual uint64_t held_bytes() const = 0;
  // The size of what is made as it may decide about rolling: without the last of it, so that the
  // answer is the same however far workers are. Nothing: not even that is made yet.
  virtual std::optional<uint64_t> settled_bytes() const = 0;
  // Of records for which there is no work yet; and that becomes work, before it is as much as it
  // should be.
  virtual uint64_t gathered_bytes() const = 0;
  virtual void hand_over() = 0;
};

// What all writers of a sink work with.
struct WriterYard {
  const Encoder& encoder;
  Workers& workers;
  Inbox& inbox;
  TicketSeries& tickets;
  Meter& meter;
  Budget& share;                                    // Records, parts, what is in flight
  Budget& encode_share;                             // What comes out of an encoder, for the moment
  std::unordered_map<Ticket, OpenObject*>& owners;  // What is under way, and whose it is
};

}  // namespace sluice
