// A run's report as one JSON value, for programs. Every number has its unit in its name, last.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "job/report.h"
#include "job/run.h"

namespace sluice::report {

// `more`: further members, whose values are JSON. With a line feed at the end.
std::string json(const RunReport& run, int exit_code,
                 const std::vector<std::pair<std::string, std::string>>& more = {});
// A moment of a run, as one line.
std::string json(const Progress& progress);

}  // namespace sluice::report
