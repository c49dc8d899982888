// Steps 4 to 7 of a unit's life: what to retire, the intent, the completions, the manifest, and
// what is to be done after it.
//
// The intent goes into the record with all that the manifest will say; then the uploads are
// completed; then the manifest replaces the intent, and that is the commit: now the source may
// forget. From the intent on anybody may do the rest (complete.h, settle.h).
#pragma once

#include <optional>
#include <vector>

#include "ledger/change.h"
#include "ledger/complete.h"
#include "ledger/finish.h"
#include "ledger/machine.h"
#include "ledger/record.h"
#include "ledger/unit.h"

namespace sluice::ledger {

// A list of inputs whose text is longer goes into a side file.
inline constexpr size_t inputs_inline_bytes_max = 64 << 10;

// Whatever this unit may have left visible under names that it does not write now, as it looks now
// (a HEAD of each). A stream keeps what it has committed.
class Retire {
 public:
  Retire(UnitPtr unit, const Record& record, const std::vector<Upload>& uploads, bool stream);
  std::optional<Call> next();
  void take(uint32_t id, Result<Answer> answer);
  bool done() const { return batch_.done(); }
  const std::optional<Error>& error() const { return error_; }
  std::vector<Retired> retired() const;  // By key
  bool operator==(const Retire&) const = default;

 private:
  std::vector<Retired> seen_;  // By key. Without an ETag: not there.
  Batch batch_;
  std::optional<Error> error_;
};

class Commit {
 public:
  enum class Outcome : uint8_t {
    won,    // The manifest says what our intent said.
    lost,   // Somebody else has claimed the unit. Our uploads are aborted, but those it has taken
            // over.
    again,  // The intent could not be completed and is still in the record: claim once more.
  };

  // `claim`: the record as our claim (or checkpoint, or last commit) left it. The intent's epoch,
  // run and fingerprint are filled in here; `retire` is the caller's, from Retire.
  Commit(UnitPtr unit, Held claim, Intent intent, After after);
  std::optional<Call> next() { return step_.next(); }
  void take(uint32_t id, Result<Answer> answer);
  bool done() const { return step_.at<Rest>(); }
  const std::optional<Error>& error() const { return error_; }

  // Once done, and without an error:
  Outcome outcome() const { return outcome_; }
  // won: the record after step 7, or as another wrote it for us. lost: what the record said.
  const Held& held() const { return held_; }
  // won: somebody settled our intent for us. A stream's partition is theirs then.
  bool by_other() const { return by_other_; }
  // The intent is in the record: whoever fails now leaves it there.
  bool intent_written() const { return intent_written_; }
  // The manifest is in the record: readers see the commit, and the source may forget. True before
  // done(), while step 7 goes on.
  bool committed() const { return committed_; }
  bool operator==(const Commit&) const = default;

 private:
  enum class At : uint8_t { inputs, intent, complete, look, keep, manifest, finish, abort };

  void go_on();
  void begin(Intent intent);
  void write_intent();
  void after_intent();
  void after_complete();
  void after_look();
  void write_manifest();
  void after_manifest();
  void superseded(Held now);
  void end(Outcome outcome);

  UnitPtr unit_;
  Held held_;
  Shared<Intent> intent_;
  After after_;
  At at_ = At::inputs;
  Step<Rest, PutText, Change, CompleteAll, ReadRecord, Finish, AbortAll> step_;
  std::vector<ETag> etags_;
  bool intent_written_ = false;
  bool committed_ = false;
  bool by_other_ = false;
  Outcome outcome_ = Outcome::won;
  std::optional<Error> error_;
};

}  // namespace sluice::ledger
