// The keys that a unit may write, in the form by which its ledger tells them apart.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "flow/output_names.h"
#include "flow/stage.h"
#include "ledger/unit.h"

namespace sluice {

// `lake_prefix`: of every key in the store, "" or ending in "/".
// A unit that can't be named by this form of the job has no keys here: what its record names can be
// settled, and nothing else is taken for its.
// A stream's unit is named span by span: the unit's id, "-" and the position where the span begins.
enum class NamedBy : uint8_t { unit, span };
ledger::Names key_names(const OutputNames& names, std::string lake_prefix, const UnitNames& unit,
                        NamedBy by = NamedBy::unit);

// Two units of a list of which one's keys could be taken for the other's, if there are any: then
// one's run would clear away what the other is writing.
struct UnitsMeeting {
  std::string one, other;
};
std::optional<UnitsMeeting> units_that_meet(const OutputNames& names,
                                            const std::vector<std::string>& units);

}  // namespace sluice
