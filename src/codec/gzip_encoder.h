// Format jsonl.gz: one gzip member (RFC 1952), made of blocks that know nothing of each other and
// so can be made at the same time. Many readers stop after a first member; this has only one.
//
//   1f 8b 08 00  00 00 00 00  xfl ff      header(): no name, no time: same text, same bytes
//   deflate blocks, 00 00 ff ff           encode(): of each 256 KiB of text; the full flush ends it
//   deflate blocks, 00 00 ff ff           on a byte and refers to nothing before
//   03 00                                 trailer(): an empty last block,
//   crc32(4) size modulo 2^32 (4)         and the sums over all blocks (base/checksum.h)
#pragma once

#include <memory>

#include "base/result.h"
#include "flow/part.h"
#include "flow/stage.h"

namespace sluice {

// fast: ISA-L's level 2, hundreds of MB of text a second a core; small: zlib's level 6, a tenth as
// fast, for objects smaller by a tenth to a fifth (bench/codec_bench.cc).
enum class GzipEffort : uint8_t { fast, small };

// Safe from any thread. Keeps one compressor for each encode() at work at once.
std::unique_ptr<Encoder> make_gzip_encoder(GzipEffort effort = GzipEffort::fast);

// format: jsonl.gz
PartDoc gzip_encoder_doc();
Result<std::unique_ptr<Encoder>> make_gzip_format(const Settings& settings);

}  // namespace sluice
