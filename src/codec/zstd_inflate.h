// Undoes zstd (RFC 8878), streaming: any number of frames, skippable ones too. The room's door to
// libzstd's decoder. What else a document may be, and how far it may swell, is inflate.h's.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string_view>

#include "base/result.h"
#include "codec/open_piece.h"

namespace sluice {

// One thread at a time. Memory is kept over reset(), but for windows above window_bytes_kept.
class ZstdInflate {
 public:
  // RFC 8878, 3.1.1.1.2: "it's recommended for decoders to support a Window_Size of up to 8 MB".
  // Frames that want more (zstd --long, --ultra -20 and up) are corrupt to us.
  static constexpr int window_log_max = 23;
  static constexpr size_t window_bytes_kept = 256 << 10;

  ZstdInflate();
  ZstdInflate(ZstdInflate&&) noexcept;
  ZstdInflate& operator=(ZstdInflate&&) noexcept;
  ~ZstdInflate();
  // Ready for the next document.
  void reset();

  // As Inflater::step. An error (corrupt) comes once all bytes before it have been given.
  Result<size_t> step(std::string_view& in, bool last, char* out, size_t room);
  // Everything was read, and it was well.
  bool finished() const;
  // The frame that has begun and not ended well.
  std::optional<OpenPiece> open_piece() const;
  // What it holds now, window included.
  size_t memory_bytes() const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

// What the first frame of a document says it inflates to; 0 if it doesn't say.
uint64_t zstd_size_hint(std::string_view whole);
// What inflating the frames needs that begin in these bytes; the one of them that needs most.
uint64_t zstd_state_bytes(std::string_view frames);

}  // namespace sluice
