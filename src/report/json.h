// A run's report as one JSON value, for programs. Every number has its unit in its name, last.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"
#include "job/report.h"
#include "job/run.h"
#include "report/fields.h"

namespace sluice::report {

// `more`: further members, whose values are JSON. With a line feed at the end.
std::string json(const RunReport& run, int exit_code,
                 const std::vector<std::pair<std::string, std::string>>& more = {});
// The report as it was, as far as it is printed: durations to the microsecond, profiles not at all.
// Members that it doesn't know are passed over, for they may be a newer version's. invalid: no
// report.
Result<Ended> parse_json(std::string_view text);

// A moment of a run, as one line.
std::string json(const Progress& progress);

}  // namespace sluice::report
