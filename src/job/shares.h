// What a unit needs of the budget to make progress alone, and how its fill divides that: the sink's
// share, the input and the windows of the document whose turn it is, and the hashes of dedupe.
#pragma once

#include "base/budget.h"
#include "flow/stage.h"
#include "job/job_file.h"

namespace sluice {

// What one unit needs of the budget at least: its sink's share, its head shares, and what holds the
// hashes of a small unit.
uint64_t unit_bytes_min(const Job& job);

// `invalid`: not even one unit gets on with so much for the whole run.
Status check_memory(const Job& job, uint64_t memory_bytes);

// What a run sets aside for units whose hashes are more: half of what one unit leaves, but nothing
// of what reading ahead can't do without. They have it one after another (base/annex.h). 0 without
// dedupe.
uint64_t hashes_annex_bytes(const Job& job, uint64_t memory_bytes);
// The hashes of a unit have so much, whatever else there is.
uint64_t hashes_bytes_max(const Job& job, uint64_t memory_bytes);

// Cut out of the unit's lease while a fill lives, and put back into it.
class Shares {
 public:
  // `unit`: unit_bytes_min(job) of `common`; outlives the shares.
  Shares(const Job& job, Budget& common, InFlight& slots, Lease& unit);
  ~Shares();
  Shares(const Shares&) = delete;
  Shares& operator=(const Shares&) = delete;

  Budget& sink() { return sink_; }
  Budget& hashes() { return hashes_; }
  Purse& purse() { return purse_; }

 private:
  Lease& unit_;
  Budget sink_;
  Budget hashes_;
  Purse purse_;
};

}  // namespace sluice
