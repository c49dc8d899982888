// The verb: roll forward, sweep, retire, for one unit. It starts no work. An open claim is fenced
// by epoch + 1, so a run that is still alive loses: settle is for units that nobody works on.
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

// The lists of inputs that lie beside a unit's record, as records name them:
// `<unit>/<epoch>.inputs.json`.
class ListSide {
 public:
  explicit ListSide(UnitPtr unit) : unit_(std::move(unit)) {}
  std::optional<Call> next();
  void take(uint32_t id, Result<Answer> answer);
  bool done() const { return done_; }
  const std::optional<Error>& error() const { return error_; }
  const std::vector<std::string>& files() const { return files_; }
  bool operator==(const ListSide&) const = default;

 private:
  UnitPtr unit_;
  Single call_;
  std::string after_;
  PageOrder order_;
  std::vector<std::string> files_;
  bool done_ = false;
  std::optional<Error> error_;
};

// What is listed before a record is read cannot belong to a later claim: uploads below the lake's
// prefix, and lists of inputs beside the record, which are deleted if their epoch is below the
// record's and the record, after the fence, doesn't name them.
class Settle {
 public:
  explicit Settle(UnitPtr unit);
  std::optional<Call> next() { return step_.next(); }
  void take(uint32_t id, Result<Answer> answer);
  bool done() const { return step_.at<Rest>(); }
  const std::optional<Error>& error() const { return error_; }

  const Held& held() const { return held_; }  // The record as settled; none: there is no such unit
  bool fenced() const { return fenced_; }     // A claim or an intent was open.
  uint64_t aborted() const { return aborted_; }  // Uploads
  bool operator==(const Settle&) const = default;

 private:
  void go_on();
  void after_read();
  void after_settled();
  void sweep();
  void after_change();
  void delete_side_files();

  UnitPtr unit_;
  Step<Rest, ListOpen, ListSide, ReadRecord, Settled, Change, AbortAll, Finish, DeleteAll> step_;
  std::vector<OpenUpload> listed_;
  std::vector<std::string> side_files_;  // As records name them
  Held held_;
  bool fenced_ = false;
  uint64_t aborted_ = 0;
  std::optional<Error> error_;
};

}  // namespace sluice::ledger
