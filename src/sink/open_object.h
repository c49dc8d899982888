// An object that is being written: its text is gathered in a block, full blocks are encoded by
// workers, what they give is gathered in order into parts, and parts are uploaded while later text
// comes. Belongs to the loop's thread; made by the lake sink, which owns the rules of rolling.
//
// All of its memory is leased from the unit's sink share: a block's lease covers its text, then the
// encoded bytes that take its place in the part, and leaves with the part.
#pragma once

#include <list>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "flow/stage.h"
#include "flow/workers.h"
#include "meter/meter.h"
#include "sink/queue.h"
#include "store/uploader.h"

namespace sluice {

// https://docs.aws.amazon.com/AmazonS3/latest/userguide/qfacts.html: "5 MiB to 5 GiB. There is no
// minimum size limit on the last part", "1 to 10,000" parts.
inline constexpr uint64_t part_bytes_min = 5 << 20;
inline constexpr uint32_t parts_max = 10'000;
// Parts grow by 5 MiB every 1,000, so that 10,000 of them are 269 GiB, but not past a size that the
// sink's share can hold twice.
uint64_t part_bytes(uint32_t number, uint64_t share_bytes);

class OpenObject;
struct Place;  // Of the sink

// What all objects of a sink work with.
struct ObjectYard {
  const Encoder& encoder;
  Workers& workers;
  Inbox& inbox;
  TicketSeries& tickets;
  Meter& meter;
  Budget& share;         // Text, parts, what is in flight
  Budget& encode_share;  // What comes out of an encoder, for the moment
  uint64_t share_bytes;
  std::unordered_map<Ticket, OpenObject*>& owners;  // What is under way, and whose it is
  // Points will be marked where a later run could go on: parts end at such points then, as far as
  // these aren't too far apart.
  bool checkpoints = false;
};

// All that an object is at a marked point: what is needed to go on with it, besides its upload.
struct ObjectState {
  uint64_t records = 0;
  int64_t least_ns, greatest_ns;
  uint32_t crc32 = 0;      // Of the text
  uint64_t raw_bytes = 0;  // Of the text
  uint64_t blocks = 0;
  uint64_t settled_bytes = 0, settled_blocks = 0;
  std::vector<uint64_t> recent_bytes = {};
};

// A point up to which an object's records all lie in parts that are stored.
struct ObjectCheckpoint {
  uint64_t point = 0;
  ObjectState state;
  uint32_t parts = 0;  // So many of the upload's first
  uint64_t bytes = 0;  // Of them
  uint32_t crc32c = 0;
};

class OpenObject {
 public:
  OpenObject(Key key, Mark mark, ObjectYard& yard);
  // One that an earlier run has begun.
  OpenObject(Uploader upload, ObjectState state, ObjectYard& yard);
  ~OpenObject();

  // Copies from the front of `text` what there is memory for; false: not all of it fitted.
  bool append(std::string_view& text);
  void count_record(int64_t time_ns);
  void seal();  // No more text comes
  // A later run could go on between the last record and the next. False: not worth a block's end.
  bool mark(uint64_t point);
  // The latest point of those marked up to which every part is acknowledged.
  std::optional<ObjectCheckpoint> checkpoint() const;

  // Hands closed blocks to workers. `waits`: some can't be begun before the object's own next
  // event.
  enum class Encoding : uint8_t { all_begun, waits, no_memory };
  Encoding encode_what_fits();
  std::optional<Uploader::Start> next_request() { return upload_.next(); }
  bool has_request() const { return upload_.has_next(); }
  Status on(Event& event);  // One of its tickets: an encoded block or a store's answer

  bool complete() const;      // Sealed, and every part is acknowledged
  Prepared prepared() const;  // Once complete()
  Prepared prepared_at(const ObjectCheckpoint& checkpoint) const;  // As it was then
  std::optional<std::pair<Key, UploadId>> open_upload() const;

  uint64_t records() const { return records_; }
  uint64_t held_bytes() const { return lease_.bytes() + coil_lease_.bytes(); }
  // The encoded size as it may decide about rolling: of all blocks but the last few, so that the
  // answer is the same however far encoding has come. Nothing if even those aren't encoded yet.
  std::optional<uint64_t> settled_bytes() const;
  bool sealed() const { return sealed_; }
  bool has_block_to_encode() const;
  // It can't begin to encode before there is memory for a compressor of its own.
  bool needs_coil() const { return yard_.encoder.coil_bytes() > 0 && !coil_lease_; }
  bool has_upload() const { return upload_.id().has_value(); }
  bool has_parts() const { return upload_.parts_added() > 0; }
  // Text that no worker has seen yet; and the block that it is in, ended before it is full.
  uint64_t block_text_bytes() const { return block_.size(); }
  void end_block() { close_block(false); }
  // The sink's own: where it waits, how many were sealed before it, where it is among these, and
  // which of which place's objects it is.
  Queue<OpenObject>::Turn encode_turn, send_turn;
  size_t order = 0, at = 0;
  const Place* place = nullptr;
  uint64_t n = 0;
  bool parts_used_up() const { return upload_.parts_added() + 64 >= parts_max; }

 private:
  struct Encode;
  struct Block {
    Buffer text;
    Encoded encoded;
    uint64_t number = 0;
    bool final = false;
    enum class State : uint8_t { waiting, encoding, done } state = State::waiting;
    Lease out;  // Of `encoded`, from the encode share
    // Marked at its end: the point, and what records there were. The rest of the state is filled
    // in when the block is gathered.
    std::optional<ObjectCheckpoint> mark = {};
  };

  bool grow_block();
  void close_block(bool final);
  bool start_encode(Block& block);
  bool has_coil();
  void gather();
  void append_to_part(std::string_view bytes);
  void cut_part();
  void keep_checkpoint(ObjectCheckpoint mark);

  ObjectYard& yard_;
  Uploader upload_;
  Lease lease_;  // Of the block, of closed blocks and of the part
  Buffer block_;
  std::list<Block> blocks_;  // Closed, not yet in the part; a list: workers point into it
  size_t encoding_ = 0;
  // Of a chained encoder. A block's work takes it along and brings it back: so no two blocks of an
  // object can be encoded at once.
  std::unique_ptr<Coil> coil_;
  Lease coil_lease_;  // Held from the first block's beginning to the last one's end
  Buffer part_;
  bool sealed_ = false;
  bool ended_ = false;                  // The trailer is in the last part
  uint64_t closed_ = 0;                 // Blocks
  uint64_t gathered_ = 0;               // Blocks in parts
  std::vector<uint64_t> recent_bytes_;  // Encoded sizes, by block; a few
  uint64_t settled_bytes_ = 0;
  uint64_t settled_blocks_ = 0;
  uint32_t crc32_ = 0;
  uint64_t raw_bytes_ = 0;
  uint64_t records_ = 0;
  int64_t least_ns_, greatest_ns_;
  uint64_t unmarked_bytes_ = 0;              // Text since the last mark
  std::list<ObjectCheckpoint> checkpoints_;  // At the ends of parts, not all acknowledged
};

}  // namespace sluice
