// Finds out for each document how its records stand in it, by its first bytes that are not blank:
//
//   [                       a JSON array of records
//   {"Records": [           CloudTrail's envelope: the array at .Records
//   { and no } in its line  one JSON value over several lines: a single record
//   anything else           JSON Lines
//
// Nothing cleverer: who knows better says so in the job. But what turns out to be none of these is
// set aside, and never taken to pieces: a value over several lines among lines spoils its document,
// bare values (17, "x") count only where the first line is one, and a CloudTrail digest, which has
// no records, is none itself.
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
