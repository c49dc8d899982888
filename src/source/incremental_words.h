// How a job file says that a source is incremental.
#pragma once

#include "base/result.h"
#include "flow/incremental.h"
#include "flow/part.h"
#include "flow/settings.h"

namespace sluice {

FieldDoc incremental_words();
// `invalid`, pointing at the word.
Result<Incremental> read_incremental(const Settings& words);

}  // namespace sluice
