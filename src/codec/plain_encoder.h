// Format jsonl: the text as it is.
#pragma once

#include <memory>

#include "base/result.h"
#include "flow/part.h"
#include "flow/stage.h"

namespace sluice {

// Safe from any thread.
std::unique_ptr<Encoder> make_plain_encoder();

// format: jsonl
PartDoc plain_encoder_doc();
Result<std::unique_ptr<Encoder>> make_plain_format(const Settings& settings);

}  // namespace sluice
