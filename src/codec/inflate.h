// Turns a document's bytes into what they stand for, streaming: gzip, zstd or plain, known by their
// first bytes and by nothing else (names lie). Says when a document swells beyond all measure. What
// the text means is others'.
//
//   1f 8b          gzip   (gzip_inflate.h)
//   28 b5 2f fd    zstd   (zstd_inflate.h); also 5? 2a 4d 18, a skippable frame
//   anything else  plain
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "codec/gzip_inflate.h"
#include "codec/open_piece.h"
#include "codec/zstd_inflate.h"

namespace sluice {

// A document that is beyond both is a bomb, and bad from that byte on.
struct InflateLimits {
  uint64_t swell_ratio_max = 1000;
  uint64_t swell_bytes_max = 1 << 30;
};

// One thread at a time. Codec states are made when first needed and kept over reset().
class Inflater {
 public:
  enum class Format : uint8_t { undecided, plain, gzip, zstd };

  explicit Inflater(InflateLimits limits = {}) : limits_(limits) {}
  // Ready for the next document.
  void reset();

  // Takes bytes from the front of `in` (`last`: no more will come after these) and writes at most
  // `room` bytes to `out`; answers how many. Call it again until it answers 0: then the input is
  // used up, or there is no room, or finished(). With `room` 0 it may still take input and finish.
  // An error (corrupt) comes once all bytes before it have been given, and from then on.
  Result<size_t> step(std::string_view& in, bool last, char* out, size_t room);
  // The last byte was taken, and all was well but for rest_lost().
  bool finished() const { return finished_; }
  // Why the document's rest is missing, though what was given of it stands. Once finished().
  const std::optional<std::string>& rest_lost() const { return rest_lost_; }

  // The gzip member or zstd frame that has begun and not ended well: what it has given is not
  // proven by a checksum. Nothing of plain text.
  std::optional<OpenPiece> open_piece() const;

  Format format() const { return format_; }
  uint64_t compressed() const { return in_total_; }  // Bytes taken so far
  uint64_t inflated() const { return out_total_; }   // Bytes given so far
  // "512 zero bytes behind a gzip member ignored". Once finished().
  const std::vector<std::string>& warnings() const { return warnings_; }
  // What the codec's states hold now.
  size_t memory_bytes() const;

 private:
  bool sniff(std::string_view& in, bool last);
  Result<size_t> dispatch(std::string_view& in, bool last, char* out, size_t room);
  Result<size_t> plain(std::string_view& in, bool last, char* out, size_t room);

  InflateLimits limits_;
  Format format_ = Format::undecided;
  bool finished_ = false;
  uint64_t in_total_ = 0, out_total_ = 0;
  // First bytes that came too few at a time to tell the format; not given to it yet.
  char held_[4] = {};
  size_t held_size_ = 0, held_next_ = 0;
  std::optional<Error> pending_;
  std::optional<std::string> rest_lost_;
  std::optional<GzipInflate> gzip_;
  std::optional<ZstdInflate> zstd_;
  std::vector<std::string> warnings_;
};

// The first piece (gzip member, zstd frame) of a whole document that isn't sound; nothing too once
// it has swollen to swell_bytes_max, or is cancelled.
struct DamagedPiece {
  uint64_t begin = 0;  // In the document as it came
  std::string reason;
};
std::optional<DamagedPiece> damaged_piece(std::string_view whole, InflateLimits limits,
                                          const std::atomic<bool>& cancelled);

// How much a whole document may inflate to, as far as its bytes tell; 0: unknown. A guess: a gzip
// document of several members tells only of the last.
uint64_t inflated_size_hint(std::string_view whole);
// What the codec's state comes to while such a document is inflated, as far as its bytes tell: of
// zstd the windows of the frames that lie here. 0: nothing to speak of (plain, gzip).
uint64_t inflater_state_bytes(std::string_view first_bytes);

}  // namespace sluice
