// Passes of an incremental source: where one begins is what the unit's record says of the last one
// that was committed.
#pragma once

#include <string>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "flow/incremental.h"
#include "ledger/record.h"

namespace sluice {

// `invalid` if the record's last pass went by another field: then nobody knows what is new.
Result<Since> next_pass(const Incremental& job, const ledger::Record& record, WallTime now);
// What its user should know of where it begins.
std::vector<std::string> warnings_of(const Since& pass);

// `invalid` if more records lie within the lookback than a record of a unit can hold.
Result<ledger::Reached> reached(const Since& pass, HighWater settled);
// What its user should know of where it has ended.
std::vector<std::string> warnings_of(const Since& pass, const HighWater& settled);

}  // namespace sluice
