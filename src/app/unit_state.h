// How units stand, by their records: what `status`, `plan`, `verify` and `settle` look at.
// Blocking, and safe on several threads at once (job/at_once.h).
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "app/opened_job.h"
#include "ledger/record.h"
#include "ledger/unit.h"

namespace sluice {

enum class Standing : uint8_t {
  done,        // Committed, by a job that does the same
  stale,       // Committed by a job that did other things
  early,       // Committed before its time was over: the next run looks again
  claimed,     // A run is at it, or died at it
  unfinished,  // Filled to a checkpoint, or a commit was begun, or is provisional: the next run
               // ends it
  failed,
  missing,
  unreadable,  // Its record can't be understood; nothing is done by it
};
inline constexpr size_t standings = 8;
std::string_view to_string(Standing standing);

struct UnitState {
  UnitNames unit;
  Standing standing = Standing::missing;
  std::optional<ledger::Record> record = {};
  std::string why = {};  // It is unreadable
};

ledger::UnitPtr ledger_unit_of(OpenedJob& opened, const UnitNames& unit, const std::string& run_id);
Result<UnitState> look_at(OpenedJob& opened, const UnitNames& unit);

// The units that are asked for; where nobody says, those of the job's default and all
// that have records. In the job's order, then by id.
Result<std::vector<UnitNames>> units_to_look_at(OpenedJob& opened, const UnitsAsked& asked);

// Every key below a prefix, page by page.
Status each_object(Store& store, const std::string& prefix,
                   const std::function<Status(const Listed&)>& each);

}  // namespace sluice
