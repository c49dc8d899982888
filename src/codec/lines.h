// Records that are lines: JSON Lines (NDJSON), where each line is to be one JSON value, and raw
// lines, taken as they are. Blank lines between JSON values are no records. What is inside a line
// is looked at later (flow/refine.h), and a bad line spoils only itself; a document without a
// single byte is corrupt.
#pragma once

#include <memory>

#include "base/result.h"
#include "codec/inflating_decoder.h"
#include "flow/part.h"
#include "flow/stage.h"
#include "json/lines.h"

namespace sluice {

std::unique_ptr<Splitter> make_line_splitter(uint64_t record_max, json::BlankLines blank);

std::unique_ptr<DecoderMaker> make_json_line_decoders(DecoderOptions options = {});
std::unique_ptr<DecoderMaker> make_raw_line_decoders(DecoderOptions options = {});

// decode: jsonl
PartDoc json_lines_doc();
Result<std::unique_ptr<DecoderMaker>> make_json_lines(const Settings& settings);
// decode: lines
PartDoc raw_lines_doc();
Result<std::unique_ptr<DecoderMaker>> make_raw_lines(const Settings& settings);

}  // namespace sluice
