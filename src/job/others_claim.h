// In front of a unit that another run has claimed: it is waited for, left alone, or taken over. See
// docs/decisions/0010. The loop's thread only.
#pragma once

#include <optional>
#include <string>

#include "base/inbox.h"
#include "job/lease_watch.h"
#include "job/report.h"
#include "job/run.h"
#include "ledger/unit_run.h"

namespace sluice {

class OthersClaim {
 public:
  // Everything outlives it.
  OthersClaim(const Resources& resources, const RunOptions& options, TicketSeries timer)
      : resources_(resources), options_(options), timer_(timer), watch_(options.lease) {}

  // The unit's run waits(), and nothing of its ledger is under way. Either the run goes on, or this
  // waits for its timer.
  void decide(ledger::UnitRun& run, UnitReport& report);
  bool owns(Ticket ticket) const { return timer_.owns(ticket); }
  void on(const Event& event, ledger::UnitRun& run);
  bool waits_for_timer() const { return looks_at_ != 0; }
  // The run has been told to stop, which needs no claim: another's is left alone.
  void stop(ledger::UnitRun& run);
  // Whose claim it was: "run 01H on host h1 has claimed it, since 2024-02-09T01:00:00Z".
  const std::string& words() const { return words_; }

 private:
  void wait(const UnitReport& report);
  std::string reason_to_take(uint64_t epoch);

  const Resources& resources_;
  const RunOptions& options_;
  TicketSeries timer_;
  LeaseWatch watch_;
  Ticket looks_at_ = 0;  // The timer that is waited for
  bool stopping_ = false;
  bool said_ = false;
  std::optional<uint64_t> taken_;  // By --take-over: that claim's epoch, renewed or not
  std::string words_;
};

// Tells others, as long as a unit is being filled, that its owner is alive: a timer that comes
// again. A checkpoint says as much. A unit that is shorter than the interval asks for nothing.
class Renewal {
 public:
  Renewal(Inbox& inbox, Nanoseconds lease, TicketSeries timer)
      : inbox_(inbox), interval_(renewal_interval(lease)), timer_(timer) {}

  void begin();  // The claim was written just now, or the record was.
  bool owns(Ticket ticket) const { return timer_.owns(ticket); }
  void on(const Event& event) { is_due_ |= event.ticket == timer_now_; }
  // At each turn of the fill.
  void renew_if_due(ledger::UnitRun& run);

 private:
  Inbox& inbox_;
  const Nanoseconds interval_;
  TicketSeries timer_;
  Ticket timer_now_ = 0;  // Earlier ones don't count.
  bool is_due_ = false;
};

}  // namespace sluice
