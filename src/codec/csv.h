// Records out of CSV: each row becomes a JSON object of strings under the names of its columns. How
// rows are read is csv_reader.h's; types are the transform `cast`'s.
//
// The window holds the JSON text that was made, but every offset that people get to see (of a
// record, of what is set aside) is that of the row's first byte in the inflated CSV. A bad row
// spoils only itself.
#pragma once

#include <memory>

#include "base/result.h"
#include "codec/csv_reader.h"
#include "codec/inflating_decoder.h"
#include "flow/part.h"
#include "flow/stage.h"

namespace sluice {

// `options.record_max` counts, not the dialect's.
std::unique_ptr<DecoderMaker> make_csv_decoders(CsvDialect dialect, DecoderOptions options = {});

// decode: csv
PartDoc csv_doc();
Result<std::unique_ptr<DecoderMaker>> make_csv(const Settings& settings);

}  // namespace sluice
