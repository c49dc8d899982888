// `sluice fold SRC DST`: the words of the command line as a job file.
#pragma once

#include <string>

#include "app/command_line.h"
#include "base/result.h"

namespace sluice {

// JSON, which is YAML. The job is named after its lake.
Result<std::string> fold_job(const FoldWords& words);

}  // namespace sluice
