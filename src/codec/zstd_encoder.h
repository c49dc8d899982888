// Format jsonl.zst: one zstd frame (RFC 8878) for each object, with a checksum. Its blocks are
// chained: each refers to the text before it, so they are made in order, by a compressor that an
// object keeps from its first block to its last. An object of a single block needs none of its own.
#pragma once

#include <memory>

#include "base/result.h"
#include "flow/part.h"
#include "flow/stage.h"

namespace sluice {

struct ZstdOptions {
  int level = 1;        // 1..9
  int window_log = 19;  // 512 KiB: half of what a coil costs
};

// Safe from any thread, a coil from one at a time. Outlives its coils.
std::unique_ptr<Encoder> make_zstd_encoder(ZstdOptions options = {});

// format: jsonl.zst
PartDoc zstd_encoder_doc();
Result<std::unique_ptr<Encoder>> make_zstd_format(const Settings& settings);

}  // namespace sluice
