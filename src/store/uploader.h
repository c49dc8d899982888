// One upload being filled by a loop: created when the first part is there (or before, if told to),
// parts numbered in the order they are added, several in flight. The loop's thread only.
//
// Nothing is repeated here: a store repeats what may be repeated. An error that arrives is final.
#pragma once

#include <list>
#include <optional>
#include <vector>

#include "base/budget.h"
#include "base/buffer.h"
#include "store/store.h"

namespace sluice {

class Uploader {
 public:
  Uploader(Key key, Mark mark);
  // One that an earlier run has begun: so many parts of it are stored.
  struct Begun {
    UploadId id;
    std::vector<PartTag> parts;  // By number, from 1 without a gap
    uint64_t bytes = 0;
    uint32_t crc32c = 0;
  };
  Uploader(Key key, Mark mark, Begun begun);

  // The next part. `lease` is of its bytes and goes when they are acknowledged.
  void add(Buffer bytes, Lease lease);
  // The next request that can be started; nothing if there is none now.
  struct Start {
    Request request;
    Lease lease;
  };
  std::optional<Start> next();
  bool has_next() const { return id_ ? !waiting_.empty() : !creating_; }
  Status take(Answered& answered);

  bool idle() const { return waiting_.empty() && in_flight_ == 0; }  // Every part is acknowledged
  uint32_t in_flight() const { return in_flight_; }
  uint32_t parts_added() const { return added_; }
  const Key& key() const { return key_; }
  const Mark& mark() const { return mark_; }
  const std::optional<UploadId>& id() const { return id_; }  // Once it is created
  // Its creation was asked for more than once: another upload may be open of which nobody knows.
  bool may_have_twin() const { return may_have_twin_; }
  uint64_t bytes() const { return bytes_; }
  uint32_t crc32c() const { return crc32c_; }  // Of all bytes added
  std::vector<PartTag> parts() const;          // By number; idle() must hold
  // Are the first so many parts all acknowledged?
  bool has_first_parts(uint32_t count) const;
  std::vector<PartTag> first_parts(uint32_t count) const;  // By number; they must be there

 private:
  struct Part {
    uint32_t number;
    uint32_t crc32c;
    Buffer bytes;
    Lease lease;
  };
  Key key_;
  Mark mark_;
  std::optional<UploadId> id_;
  bool creating_ = false;
  bool may_have_twin_ = false;
  std::list<Part> waiting_;    // Empty it costs nothing: thousands of uploads are open
  std::vector<PartTag> done_;  // By number
  uint32_t added_ = 0;
  uint32_t in_flight_ = 0;
  uint64_t bytes_ = 0;
  uint32_t crc32c_ = 0;
};

}  // namespace sluice
