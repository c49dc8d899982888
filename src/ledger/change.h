// The ledger's small steps: read the record, change it, list the unit's open uploads, abort some,
// delete objects, write a document beside the record.
#pragma once

#include <optional>
#include <vector>

#include "ledger/machine.h"
#include "ledger/record.h"
#include "ledger/unit.h"
#include "store/page_order.h"

namespace sluice::ledger {

// A record is read whole. An intent over 10,000 uploads of 100 parts is about 60 MB.
inline constexpr uint64_t record_bytes_max = 256ULL << 20;

// A record as it was in the store when it was last seen. No body of a record ever comes twice
// (epoch and run are in it), so two with the same ETag are the same.
struct Held {
  std::optional<Record> record;
  ETag etag;
  bool operator==(const Held&) const = default;
};

// Reads the record. `invalid` if it can't be understood: then nothing may be written by it.
class ReadRecord {
 public:
  explicit ReadRecord(UnitPtr unit) : unit_(std::move(unit)) {}
  std::optional<Call> next();
  void take(uint32_t id, Result<Answer> answer);
  bool done() const { return done_; }
  const std::optional<Error>& error() const { return error_; }
  const Held& held() const { return held_; }
  bool operator==(const ReadRecord&) const = default;

 private:
  UnitPtr unit_;
  Single call_;
  Held held_;
  bool done_ = false;
  std::optional<Error> error_;
};

// Is the record still as it was held? One HEAD, however long the record.
class LookAgain {
 public:
  LookAgain(UnitPtr unit, ETag etag) : unit_(std::move(unit)), etag_(std::move(etag)) {}
  std::optional<Call> next();
  void take(uint32_t id, Result<Answer> answer);
  bool done() const { return done_; }
  const std::optional<Error>& error() const { return error_; }
  bool same() const { return same_; }
  bool operator==(const LookAgain&) const = default;

 private:
  UnitPtr unit_;
  ETag etag_;
  Single call_;
  bool same_ = false;
  bool done_ = false;
  std::optional<Error> error_;
};

// A conditional write of the record. Refused, or without an answer, the record is read: if it is as
// it was, the write is repeated; else what it holds is the outcome.
class Change {
 public:
  Change(UnitPtr unit, Held old, Record next);
  std::optional<Call> next();
  void take(uint32_t id, Result<Answer> answer);
  bool done() const { return done_; }
  const std::optional<Error>& error() const { return error_; }

  bool ours() const { return ours_; }         // The record is as we wanted it.
  const Held& held() const { return held_; }  // What the record holds now
  bool operator==(const Change&) const = default;

 private:
  void take_put(Result<Answer> answer);
  void take_get(Result<Answer> answer);
  void fail(Error error);

  UnitPtr unit_;
  Held old_;
  Held held_;  // Before the end, its record is the one to be written.
  Single call_;
  bool reading_ = false;
  bool ours_ = false;
  bool done_ = false;
  std::optional<Error> error_;
};

// All pages of the open uploads below the lake's prefix; keeps those whose keys are the unit's.
class ListOpen {
 public:
  explicit ListOpen(UnitPtr unit) : unit_(std::move(unit)) {}
  std::optional<Call> next();
  void take(uint32_t id, Result<Answer> answer);
  bool done() const { return done_; }
  const std::optional<Error>& error() const { return error_; }
  const std::vector<OpenUpload>& uploads() const { return uploads_; }
  bool operator==(const ListOpen&) const = default;

 private:
  UnitPtr unit_;
  Single call_;
  std::string after_;
  PageOrder order_;
  std::vector<OpenUpload> uploads_;
  bool done_ = false;
  std::optional<Error> error_;
};

// Aborts uploads, several at a time.
class AbortAll {
 public:
  AbortAll(UnitPtr unit, std::vector<OpenUpload> uploads);
  std::optional<Call> next();
  void take(uint32_t id, Result<Answer> answer);
  bool done() const { return batch_.done(); }
  const std::optional<Error>& error() const { return error_; }
  bool operator==(const AbortAll&) const = default;

 private:
  std::vector<OpenUpload> uploads_;
  Batch batch_;
  std::optional<Error> error_;
};

// Deletes objects, several at a time.
class DeleteAll {
 public:
  enum class How : uint8_t {
    exactly,      // This very object; another under the same key stays.
    whatever,     // What lies under the key
    if_the_same,  // A look, then what lies there: only without the rule atomic_delete
    if_marked,    // A look, then this very object, if it has the mark: only without drop_by_record
  };
  DeleteAll(UnitPtr unit, Where where, std::vector<Retired> objects, How how);
  std::optional<Call> next();
  void take(uint32_t id, Result<Answer> answer);
  bool done() const { return batch_.done(); }
  const std::optional<Error>& error() const { return error_; }
  bool operator==(const DeleteAll&) const = default;

 private:
  bool looks_first() const { return how_ == How::if_the_same || how_ == How::if_marked; }
  void take_look(uint32_t id, Result<Answer> answer);

  Where where_;
  How how_;
  std::vector<Retired> objects_;
  std::vector<bool> looked_;
  Batch batch_;
  std::optional<Error> error_;
};

// Writes a document beside the record, whatever is there. Without a key there is nothing to do.
class PutText {
 public:
  PutText(Key key, std::string text) : key_(std::move(key)), text_(std::move(text)) {}
  std::optional<Call> next();
  void take(uint32_t id, Result<Answer> answer);
  bool done() const { return key_.empty(); }
  const std::optional<Error>& error() const { return error_; }
  bool operator==(const PutText&) const = default;

 private:
  Key key_;
  std::string text_;
  Single call_;
  std::optional<Error> error_;
};

// Reads such a document; nothing if there is none.
class ReadText {
 public:
  explicit ReadText(Key key) : key_(std::move(key)) {}
  std::optional<Call> next();
  void take(uint32_t id, Result<Answer> answer);
  bool done() const { return done_; }
  const std::optional<Error>& error() const { return error_; }
  const std::optional<std::string>& text() const { return text_; }
  bool operator==(const ReadText&) const = default;

 private:
  Key key_;
  Single call_;
  std::optional<std::string> text_;
  bool done_ = false;
  std::optional<Error> error_;
};

// Those that the record doesn't name: nobody's, if they were listed before the record was read.
std::vector<OpenUpload> unnamed(std::vector<OpenUpload> uploads, const Record& record);

}  // namespace sluice::ledger
