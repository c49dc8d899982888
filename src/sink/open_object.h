// An object of a place that isn't committed yet: its records go through a writer into the parts of
// its upload. Belongs to the loop's thread; made by the lake sink, which owns the rules of rolling.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <utility>

#include "flow/stage.h"
#include "sink/object_writer.h"
#include "sink/part_stream.h"
#include "sink/queue.h"
#include "store/uploader.h"

namespace sluice {

struct Place;  // Of the sink

// What all objects of a sink work with.
struct ObjectYard {
  WriterYard writers;
  uint64_t share_bytes;
  const Mark& mark;  // Of its uploads
  // Of a place's n-th object.
  std::function<Key(const Place&, uint64_t)> key_of;
  // Points will be marked where a later run could go on: parts end at such points then, as far as
  // these aren't too far apart.
  bool checkpoints = false;
};

class OpenObject {
 public:
  OpenObject(const Place& place, uint64_t n, ObjectYard& yard);

  // One that an earlier run has begun; before anything else. invalid: its writer can't go on there.
  Status go_on(Uploader upload, const RecordSums& sums, std::string_view writer);
  // Takes the record, of which it has `taken` bytes already, as far as there is memory for it.
  // False: not all of it yet.
  bool add(const Record& record, size_t& taken);
  void seal();  // No more records come
  // A later run could go on between the last record and the next. False: not worth it.
  bool mark(uint64_t point) { return writer_->mark(point, sums_); }
  std::optional<ObjectPoint> latest_point() const;

  std::optional<Uploader::Start> next_request() { return stream().next_request(); }
  bool has_request() const { return !stream_ || stream_->has_request(); }
  Status on(Event& event);  // One of its tickets: a worker's or a store's answer

  bool complete() const { return stream_ && stream_->complete(); }
  Upload upload() const { return stream_->upload(sums_); }  // Once complete()
  Upload upload_at(const ObjectPoint& point) const { return stream_->upload_at(point); }
  bool may_have_twin() const { return stream_ && stream_->may_have_twin(); }
  std::optional<std::pair<Key, UploadId>> open_upload() const;
  bool has_upload() const { return open_upload().has_value(); }
  bool has_parts() const { return parts_added() > 0; }
  bool parts_used_up() const { return parts_added() + 64 >= parts_max; }

  ObjectWriter& writer() { return *writer_; }
  const ObjectWriter& writer() const { return *writer_; }
  uint64_t held_bytes() const;
  uint64_t records() const { return sums_.records; }
  bool sealed() const { return sealed_; }
  const Place& place() const { return place_; }
  uint64_t n() const { return n_; }  // Which of the place's objects it is
  // The sink's own: where it waits, how many were sealed before it, and where it is among these.
  Queue<OpenObject>::Turn encode_turn, send_turn;
  size_t order = 0, at = 0;

 private:
  PartStream& stream();
  uint32_t parts_added() const { return stream_ ? stream_->parts_added() : 0; }

  ObjectYard& yard_;
  const Place& place_;
  const uint64_t n_;
  RecordSums sums_;
  bool sealed_ = false;
  std::unique_ptr<PartStream>
      stream_;  // Nothing before its upload is begun or something is encoded
  std::unique_ptr<ObjectWriter> writer_;
};

}  // namespace sluice
