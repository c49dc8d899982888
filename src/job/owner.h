// Questions a run asks: whose lake is it, and, before it begins, which finished units must be done
// again because their inputs have changed (blocking: they are few).
#pragma once

#include "base/inbox.h"
#include "base/result.h"
#include "job/job_file.h"
#include "job/run.h"
#include "store/store.h"

namespace sluice {

// Whose lake it is: one job's, unless the job says `shared: true`. Reads `_sluice/owner.json`, and
// writes it where there is none; `conflict` if it is another's. Two or three calls, one after the
// other, in the run's loop: until it is done nothing else may be written.
class Ownership {
 public:
  Ownership(const Job& job, const JobParts& parts, Inbox& inbox, TicketSeries tickets);
  bool owns(Ticket ticket) const { return tickets_.owns(ticket); }
  void on(Event& event);
  bool done() const { return done_; }
  const Status& status() const { return status_; }  // Once done

 private:
  void get();
  void took_get(Result<Answer> answer);
  void took_put(Result<Answer> answer);
  Status check(std::string_view text) const;
  void end(Status status);

  const Job& job_;
  Store& lake_;
  const Key key_;
  Inbox& inbox_;
  TicketSeries tickets_;
  bool writing_ = false;
  uint32_t rounds_ = 0;
  bool done_ = false;
  Status status_;
};

// Whether a finished unit that may still change (`late`) has other inputs now than its manifest
// says.
Result<bool> inputs_changed(const Job& job, const JobParts& parts, const UnitNames& unit,
                            const Resources& resources);

// The inputs of a manifest, wherever they are listed, piece by piece, in order.
Status each_input(const ledger::Inputs& inputs, const ledger::Unit& unit, Store& state,
                  const std::function<Status(const ledger::Input&)>& each);

}  // namespace sluice
