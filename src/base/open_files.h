// How many files this process may have open at once (ulimit -n).
#pragma once

#include <cstdint>

namespace sluice {

// UINT64_MAX: no limit, or none that is known.
uint64_t open_files_max();

}  // namespace sluice
