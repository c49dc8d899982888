// Step 7, by anybody: the catalogue, the retired objects, and a note in the record that it is done,
// unless somebody has claimed the unit since: then the rest is theirs. And how a run gives up its
// claim.
#pragma once

#include <optional>
#include <vector>

#include "ledger/change.h"
#include "ledger/machine.h"
#include "ledger/record.h"
#include "ledger/unit.h"

namespace sluice::ledger {

// Whoever wrote the catalogue or deleted anything looks at the record again: a newer manifest's
// catalogue must not stay hidden behind ours, so it is applied then, and so on.
class Finish {
 public:
  enum class Look : uint8_t {
    at_todo,       // Only what the manifest says is left
    at_catalogue,  // Compare the catalogue itself, too: settle
  };
  // Without `held` the record is read first.
  Finish(UnitPtr unit, std::optional<Held> held, Look look = Look::at_todo);
  std::optional<Call> next() { return step_.next(); }
  void take(uint32_t id, Result<Answer> answer);
  bool done() const { return step_.at<Rest>(); }
  const std::optional<Error>& error() const { return error_; }
  const Held& held() const { return held_; }  // The record as it was seen last
  bool operator==(const Finish&) const = default;

 private:
  void go_on();
  void begin();
  void write_catalogue();
  void retire();
  void note();
  void look_again();
  void after_read();

  UnitPtr unit_;
  Held held_;
  bool look_ = false;
  std::optional<uint64_t>
      epoch_done_;  // The manifest whose step 7 we have done; we look for a newer.
  Step<Rest, ReadRecord, ReadText, PutText, DeleteAll, Change> step_;
  std::optional<Error> error_;
};

// How a run gives up its claim before its intent is in the record: in one write the claim is
// closed, the reason noted if there is one, and the checkpoint taken out or left to whoever comes
// next; after that it aborts those of its uploads that the record doesn't name.
class GiveUp {
 public:
  enum class Checkpoint : uint8_t { dropped, kept };
  GiveUp(UnitPtr unit, const Held& claim, std::optional<Failed> why, Checkpoint checkpoint,
         std::vector<OpenUpload> mine);
  std::optional<Call> next() { return step_.next(); }
  void take(uint32_t id, Result<Answer> answer);
  bool done() const { return step_.at<Rest>(); }
  const std::optional<Error>& error() const { return error_; }
  const Held& held() const { return held_; }
  bool operator==(const GiveUp&) const = default;

 private:
  void go_on();

  UnitPtr unit_;
  std::vector<OpenUpload> mine_;
  Step<Rest, Change, AbortAll> step_;
  Held held_;
  std::optional<Error> error_;
};

}  // namespace sluice::ledger
