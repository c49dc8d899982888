// `sluice fold SRC DST`: the words of the command line as a job file.
#pragma once

#include <string>

#include "base/result.h"

namespace sluice {

struct FoldWords {
  std::string source, lake;
  std::string records, partition, format, roll, dedupe, state;  // Empty: the default
  std::string each = "once";                                    // Or "day"
};

// JSON, which is YAML. The job is named after its lake.
Result<std::string> fold_job(const FoldWords& words);

}  // namespace sluice
