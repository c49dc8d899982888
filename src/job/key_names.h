// The keys that a unit may write, in the form by which its ledger tells them apart.
#pragma once

#include <string>

#include "flow/output_names.h"
#include "flow/stage.h"
#include "ledger/unit.h"

namespace sluice {

// `lake_prefix`: of every key in the store, "" or ending in "/".
ledger::Names key_names(const OutputNames& names, std::string lake_prefix, const UnitNames& unit);

}  // namespace sluice
