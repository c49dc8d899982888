// The source `http` with all that it speaks through: an engine of its own (its client certificate
// is nobody else's), what proves who we are, and how fast the API may be asked.
#pragma once

#include <memory>

#include "base/result.h"
#include "flow/makers.h"
#include "flow/outside.h"
#include "flow/settings.h"

namespace sluice {

// `settings`: of the part `http`. `invalid`: words that contradict each other, a file or a proxy
// that can't be used.
Result<std::unique_ptr<SourceMaker>> make_api_source(const Settings& settings,
                                                     const PartContext& context);

}  // namespace sluice
