// Step 5, by anybody: complete the uploads of an intent; and settle an intent that was found in a
// record, one way or the other.
#pragma once

#include <optional>
#include <vector>

#include "ledger/change.h"
#include "ledger/machine.h"
#include "ledger/record.h"
#include "ledger/unit.h"

namespace sluice::ledger {

// Completes all uploads of an intent, several at a time. One that is gone, or whose parts are not
// as they were (InvalidPart), counts as done if the object has that upload's mark: somebody else
// has completed it then.
class CompleteAll {
 public:
  enum class Outcome : uint8_t { all, broken, stuck };  // stuck: without the rule bad_part_is_gone

  CompleteAll(UnitPtr unit, Shared<Intent> intent);
  std::optional<Call> next();
  void take(uint32_t id, Result<Answer> answer);
  bool done() const { return batch_.done(); }
  const std::optional<Error>& error() const { return error_; }

  Outcome outcome() const { return outcome_; }
  const std::vector<ETag>& etags() const {
    return etags_;
  }  // Of the objects, in the uploads' order
  bool operator==(const CompleteAll&) const = default;

 private:
  void stop(Outcome outcome);

  UnitPtr unit_;
  Shared<Intent> intent_;
  Batch batch_;
  std::vector<bool> looking_;  // Its completion was refused: we look at the object.
  std::vector<ETag> etags_;
  Outcome outcome_ = Outcome::all;
  std::optional<Error> error_;
};

// Before a stream's manifest is replaced it is written beside the record. Everybody writes the same
// bytes, so it needs no condition. Nothing to do for a bounded unit, and for a stream's first span.
PutText keep_manifest(const Unit& unit, const Record& record);

// What becomes of the claim once the manifest is written.
enum class After : uint8_t {
  release,  // A bounded unit: nobody's.
  keep,     // A stream: its owner stays.
};

// Nobody's claim is open then, and there is nothing to resume.
void close_claim(Record& record);

// The record once the intent is committed: the manifest in place of the intent.
Record committed(Record record, const Shared<Intent>& intent, const std::vector<ETag>& etags,
                 After after);

// What the record should say once its intent is settled: rolled forward, or dropped if that is
// impossible. Writes nothing into the record.
class Settled {
 public:
  Settled(UnitPtr unit, Record record);
  std::optional<Call> next() { return step_.next(); }
  void take(uint32_t id, Result<Answer> answer);
  bool done() const { return step_.at<Rest>(); }
  const std::optional<Error>& error() const { return error_; }

  const Record& record() const { return record_; }
  bool dropped() const { return dropped_; }
  bool stuck() const { return stuck_; }
  bool operator==(const Settled&) const = default;

 private:
  void go_on();
  void after_complete();
  void drop();

  UnitPtr unit_;
  Record record_;
  Step<Rest, CompleteAll, PutText, DeleteAll> step_;
  std::vector<ETag> etags_;
  bool dropped_ = false;
  bool stuck_ = false;
  std::optional<Error> error_;
};

}  // namespace sluice::ledger
