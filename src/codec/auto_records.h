// Finds out for each document how its records stand in it, by its first bytes that are not blank:
//
//   [                 a JSON array of records
//   {"Records": [     CloudTrail's envelope: the array at .Records
//   anything else     JSON Lines
//
// Nothing cleverer: who knows better says so in the job.
#pragma once

#include <memory>

#include "base/result.h"
#include "codec/inflating_decoder.h"
#include "flow/part.h"
#include "flow/stage.h"

namespace sluice {

std::unique_ptr<DecoderMaker> make_auto_decoders(DecoderOptions options = {});

// decode: auto
PartDoc auto_records_doc();
Result<std::unique_ptr<DecoderMaker>> make_auto_records(const Settings& settings);

}  // namespace sluice
