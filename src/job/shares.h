// What a unit needs of the budget to make progress alone, and how its fill divides that: the sink's
// share, the input and the windows of the document whose turn it is.
#pragma once

#include "base/budget.h"
#include "flow/stage.h"
#include "job/job_file.h"

namespace sluice {

// What one unit needs of the budget at least: its sink's share and its head shares.
uint64_t unit_bytes_min(const Job& job);

// Cut out of the unit's lease while a fill lives, and put back into it.
class Shares {
 public:
  // `unit`: unit_bytes_min(job) of `common`; outlives the shares.
  Shares(const Job& job, Budget& common, InFlight& slots, Lease& unit);
  ~Shares();
  Shares(const Shares&) = delete;
  Shares& operator=(const Shares&) = delete;

  Budget& sink() { return sink_; }
  Purse& purse() { return purse_; }

 private:
  Lease& unit_;
  Budget sink_;
  Purse purse_;
};

}  // namespace sluice
