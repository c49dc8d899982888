// A run's report for a terminal.
#pragma once

#include <string>

#include "job/report.h"

namespace sluice::report {

std::string table(const RunReport& run);

}  // namespace sluice::report
