// Records out of one JSON document: the elements of an array in it (`.Records`, `.` for the root),
// or the document itself as the one record. Sliced verbatim; the inside of each record is checked
// later (flow/refine.h).
//
// The document is one JSON value: any bad byte in it spoils all of it. One that lacks the array, or
// has nothing in it, is corrupt ("no .Records": a digest, an error page); an empty array is fine.
#pragma once

#include <memory>

#include "base/result.h"
#include "codec/inflating_decoder.h"
#include "flow/part.h"
#include "flow/stage.h"
#include "json/path.h"

namespace sluice {

// `envelope`: values of the document to keep, besides the records.
std::unique_ptr<Splitter> make_array_splitter(const json::Path& records, uint64_t record_max,
                                              const std::vector<json::Path>& envelope = {});
std::unique_ptr<Splitter> make_single_splitter(uint64_t record_max,
                                               const std::vector<json::Path>& envelope = {});

std::unique_ptr<DecoderMaker> make_json_array_decoders(const json::Path& records,
                                                       DecoderOptions options = {});
std::unique_ptr<DecoderMaker> make_json_single_decoders(DecoderOptions options = {});

// decode: { json: { records: .Records } }
PartDoc json_document_doc();
Result<std::unique_ptr<DecoderMaker>> make_json_document(const Settings& settings);

}  // namespace sluice
