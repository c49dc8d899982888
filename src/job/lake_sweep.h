// Once in each run: uploads that lie open in the lake and belong to units that nobody works on. A
// run that was killed beside another may have opened them after the other's list; its unit is
// finished and no claim will ever list there again, but an open upload costs money until somebody
// aborts it.
//
// The lake's open uploads are listed when the run begins. Once its units have ended, the record of
// each unit that one of them belongs to is read, after that list: if no claim is open, what the
// record doesn't name is nobody's (ledger/twins.h). Usually nothing is listed, and it costs that
// one request. It is a courtesy: where it fails there is a warning, and the next run does it.
#pragma once

#include <deque>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <vector>

#include "job/job_file.h"
#include "job/ledger_driver.h"
#include "job/run.h"
#include "ledger/twins.h"
#include "store/page_order.h"

namespace sluice {

// What is more waits for the next run.
inline constexpr size_t swept_uploads_max = 10'000;

class LakeSweep {
 public:
  // Begins to list. Everything outlives it.
  LakeSweep(const Job& job, const JobParts& parts, Resources& resources, std::string run_id,
            TicketSeries lists, TicketSeries ledger);

  bool owns(Ticket ticket) const { return lists_.owns(ticket) || driver_.owns(ticket); }
  void on(Event& event);
  void start_what_fits();

  // The run's units, which outlive this, have ended, and it may write.
  void sweep(const std::vector<UnitNames>& units);
  void skip();  // Instead: it was stopped, or must not write.
  bool done() const { return at_ == At::ended; }
  uint64_t aborted() const { return aborted_; }
  const std::string& warning() const { return warning_; }  // Empty: nothing went wrong.

 private:
  enum class At : uint8_t { listing, listed, records, sweeping, ended };
  struct Orphans {
    ledger::UnitPtr unit;
    std::vector<OpenUpload> uploads;
  };

  void list_uploads();
  void list_records();
  void took_uploads(Result<Answer> answer);
  void took_records(Result<Answer> answer);
  void take_those_of(std::span<const UnitNames> units);
  void take_those_of_some(std::span<const UnitNames> units);
  void begin();
  void next_unit();
  void give_up(const Error& error);
  void warn(const Error& error);

  const Job& job_;
  const JobParts& parts_;
  Resources& resources_;
  const std::string run_id_;
  const std::string records_prefix_;
  TicketSeries lists_;
  LedgerDriver driver_;
  At at_ = At::listing;
  bool skipped_ = false;
  std::string after_;
  PageOrder order_;
  std::vector<OpenUpload> listed_;
  const std::vector<UnitNames>* units_ = nullptr;  // Once it may sweep
  std::set<std::string> looked_at_;                // Ids; empty unless something was listed
  std::deque<Orphans> orphans_;
  std::optional<ledger::SweepTwins> sweep_;
  uint64_t aborted_ = 0;
  std::string warning_;
};

}  // namespace sluice
