// The verbs of this program.
#pragma once

#include <vector>

#include "app/verb.h"

namespace sluice {

// In the order of `sluice --help`.
std::vector<Verb> all_verbs();

// The exit code; an error is complained about.
int do_command(const Command& command);

}  // namespace sluice
