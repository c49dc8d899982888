// An object that is being written: its text is gathered in a block, full blocks are encoded by
// workers, what they give is gathered in order into parts, and parts are uploaded while later text
// comes. Belongs to the loop's thread; made by the lake sink, which owns the rules of rolling.
//
// All of its memory is leased from the unit's sink share: a block's lease covers its text, then the
// encoded bytes that take its place in the part, and leaves with the part.
#pragma once

#include <functional>
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
  const Mark& mark;                                 // Of its uploads
  // Of a place's n-th object.
  std::function<Key(const Place&, uint64_t)> key_of;
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
  OpenObject(const Place& place, uint64_t n, ObjectYard& yard);
  // One that an earlier run has begun.
  OpenObject(const Place& place, uint64_t n, ObjectYard& yard, Uploader upload, ObjectState state);
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
  std::optional<Uploader::Start> next_request();
  bool has_request() const;
  Status on(Event& event);  // One of its tickets: an encoded block or a store's answer

  bool complete() const;      // Sealed, and every part is acknowledged
  Prepared prepared() const;  // Once complete()
  Prepared prepared_at(const ObjectCheckpoint& checkpoint) const;  // As it was then
  std::optional<std::pair<Key, UploadId>> open_upload() const;

  uint64_t records() const { return records_; }
  uint64_t held_bytes() const;
  // The encoded size as it may decide about rolling: of all blocks but the last few, so that the
  // answer is the same however far encoding has come. Nothing if even those aren't encoded yet.
  std::optional<uint64_t> settled_bytes() const;
  bool sealed() const { return sealed_; }
  bool has_block_to_encode() const;
  // It can't begin to encode before there is memory for a compressor of its own.
  bool needs_coil() const;
  bool has_upload() const;
  bool has_parts() const { return parts_added() > 0; }
  // Text that no worker has seen yet; and the block that it is in, ended before it is full.
  uint64_t block_text_bytes() const { return block_.size(); }
  void end_block() { close_block(false); }
  bool parts_used_up() const { return parts_added() + 64 >= parts_max; }
  const Place& place() const { return place_; }
  uint64_t n() const { return n_; }  // Which of the place's objects it is
  // The sink's own: where it waits, how many were sealed before it, and where it is among these.
  Queue<OpenObject>::Turn encode_turn, send_turn;
  size_t order = 0, at = 0;

 private:
  struct Encode;
  struct Block;
  struct Written;

  Written& written();
  uint32_t parts_added() const;
  bool grow_block();
  Block& close_block(bool final);
  bool start_encode(Block& block);
  bool has_coil();
  void gather();
  void append_to_part(std::string_view bytes);
  void cut_part();
  void keep_checkpoint(ObjectCheckpoint mark);

  ObjectYard& yard_;
  const Place& place_;
  const uint64_t n_;
  Lease lease_;  // Of the block, of closed blocks and of the part
  Buffer block_;
  // Nothing before its first block is closed or its upload begun: of thousands of open objects most
  // have some text and nothing else.
  std::unique_ptr<Written> written_;
  bool sealed_ = false;
  uint64_t records_ = 0;
  int64_t least_ns_, greatest_ns_;
  uint64_t unmarked_bytes_ = 0;  // Text since the last mark
};

}  // namespace sluice
