// Undoes gzip (RFC 1952), streaming: any number of members, also empty ones. The room's door to
// ISA-L's inflate. What else a document may be, and how far it may swell, is inflate.h's.
//
//   member  = 1f 8b 08 flags mtime(4) xfl os [extra] [name 0] [comment 0] [header crc(2)]
//             deflate data, crc32(4), size modulo 2^32 (4)
//   behind a whole member: another one, zero bytes (and another one), or what is no member
//
// Zero bytes behind a whole member are ignored with a warning. Behind anything else that doesn't
// begin as a member does (a damaged header, text) nothing can be found any more: what came before
// it stands, and rest_lost() says what is missing. A member that does begin must be whole and have
// the right checksum, or the document is corrupt.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"
#include "codec/open_piece.h"

namespace sluice {

// One thread at a time. About 90 KiB (ISA-L's state), kept over reset().
class GzipInflate {
 public:
  static constexpr size_t state_bytes = 90 << 10;

  GzipInflate();
  GzipInflate(GzipInflate&&) noexcept;
  GzipInflate& operator=(GzipInflate&&) noexcept;
  ~GzipInflate();
  // Ready for the next document.
  void reset();

  // As Inflater::step. An error (corrupt) comes once all bytes before it have been given.
  Result<size_t> step(std::string_view& in, bool last, char* out, size_t room);
  // Everything was read, and it was well but for rest_lost().
  bool finished() const;
  // Padding behind the members, in words; empty if there was none. Once finished().
  std::string warning() const;
  // The member that has begun and not ended well.
  std::optional<OpenPiece> open_piece() const;
  // Why the members end before the document does. Once finished().
  std::optional<std::string> rest_lost() const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

// What the last four bytes of a whole gzip document claim it inflates to (of its last member,
// modulo 2^32); 0 if that can't be.
uint64_t gzip_size_hint(std::string_view whole);

}  // namespace sluice
