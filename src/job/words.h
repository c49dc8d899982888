// The job file's own words: what stands at its top level and in `units:`. The words of the parts
// are in their descriptions.
#pragma once

#include "flow/part.h"

namespace sluice {

const PartDoc& job_words();
const PartDoc& units_words();

}  // namespace sluice
