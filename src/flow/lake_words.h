// The description of the part `lake`, the sink of a bounded job. Here, because two rooms read it:
// `job` (names, state, sharing, the commit) and `sink` (rolling, uploads).
#pragma once

#include "flow/part.h"

namespace sluice {

const PartDoc& lake_words();

}  // namespace sluice
