// Two implementations of gzip must agree: what zlib inflates, Inflater inflates to the same bytes,
// and what one rejects the other rejects; however the input and the room are cut. zstd is only held
// against itself (cut differently).
#include <zlib.h>

#include <algorithm>
#include <cstdlib>
#include <string>
#include <string_view>

#include "codec/inflate.h"

namespace {

using namespace std::string_view_literals;

struct Outcome {
  std::string text;
  bool good = false;
  bool rest_lost = false;  // Good, but for a rest that can't be read
  bool too_large = false;
};

constexpr size_t text_bytes_max = 4 << 20;

// Sizes that the input itself chooses.
class Cuts {
 public:
  explicit Cuts(uint64_t seed) : state_(seed * 0x9e3779b97f4a7c15 + 1) {}
  size_t next() {
    state_ ^= state_ << 13;
    state_ ^= state_ >> 7;
    state_ ^= state_ << 17;
    const size_t magnitude = state_ >> 60;
    return 1 + (state_ & ((size_t{1} << magnitude) - 1));
  }

 private:
  uint64_t state_;
};

Outcome inflate_in_pieces(std::string_view whole, uint64_t seed) {
  sluice::Inflater inflater;
  Cuts cuts(seed);
  Outcome outcome;
  std::string window(1 << 16, '\0');
  for (;;) {
    std::string_view piece =
        whole.substr(0, std::min(seed == 0 ? SIZE_MAX : cuts.next(), whole.size()));
    whole.remove_prefix(piece.size());
    for (;;) {
      const size_t room = seed == 0 ? window.size() : cuts.next();
      auto written = inflater.step(piece, whole.empty(), window.data(), room);
      if (!written) return outcome;
      outcome.text.append(window, 0, *written);
      if (outcome.text.size() > text_bytes_max) {
        outcome.too_large = true;
        return outcome;
      }
      if (*written == 0) break;
    }
    if (!piece.empty()) std::abort();
    if (whole.empty()) break;
  }
  outcome.good = inflater.finished();
  outcome.rest_lost = inflater.rest_lost().has_value();
  if (!outcome.good) std::abort();  // Neither an error nor the end
  return outcome;
}

// What zlib makes of a member's first bytes; a header's flags and sums are read, too.
bool header_is_bad(std::string_view whole) {
  constexpr size_t fixed_bytes = 10;
  if (whole.size() < fixed_bytes) return false;  // Truncated, whatever else
  z_stream stream = {};
  gz_header header = {};
  if (inflateInit2(&stream, 15 + 16) != Z_OK) std::abort();
  inflateGetHeader(&stream, &header);
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(whole.data()));
  stream.avail_in = static_cast<uInt>(whole.size());
  Bytef nowhere = 0;  // zlib wants a place, if not for a byte
  stream.next_out = &nowhere;
  const int answer = inflate(&stream, Z_BLOCK);  // Stops behind the header
  inflateEnd(&stream);
  return answer == Z_DATA_ERROR && header.done != 1;
}

// The same policy over zlib: members, padding between them, a rest that is lost behind them.
Outcome zlib_inflate(std::string_view whole) {
  Outcome outcome;
  bool first = true;
  std::string window(1 << 16, '\0');
  for (;;) {
    if (!first) {
      whole.remove_prefix(std::min(whole.find_first_not_of('\0'), whole.size()));
      if (whole.empty()) break;
      outcome.rest_lost = whole[0] != '\x1f' ||
                          (whole.size() >= 2 && !whole.starts_with("\x1f\x8b"sv)) ||
                          header_is_bad(whole);
      if (outcome.rest_lost) break;
    }
    first = false;
    z_stream stream = {};
    if (inflateInit2(&stream, 15 + 16) != Z_OK) std::abort();
    stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(whole.data()));
    stream.avail_in = static_cast<uInt>(whole.size());
    int answer = Z_OK;
    while (answer == Z_OK && outcome.text.size() <= text_bytes_max) {
      stream.next_out = reinterpret_cast<Bytef*>(window.data());
      stream.avail_out = static_cast<uInt>(window.size());
      answer = inflate(&stream, Z_NO_FLUSH);
      outcome.text.append(window, 0, window.size() - stream.avail_out);
    }
    whole.remove_prefix(whole.size() - stream.avail_in);
    inflateEnd(&stream);
    if (outcome.text.size() > text_bytes_max) {
      outcome.too_large = true;
      return outcome;
    }
    if (answer != Z_STREAM_END) return outcome;
  }
  outcome.good = true;
  return outcome;
}

void check(bool condition) {
  if (!condition) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size < 2) return 0;
  const uint64_t seed = data[0] + 1;
  const std::string_view whole(reinterpret_cast<const char*>(data + 1), size - 1);

  const Outcome at_once = inflate_in_pieces(whole, 0);
  if (at_once.too_large) return 0;
  const Outcome in_pieces = inflate_in_pieces(whole, seed);
  check(in_pieces.good == at_once.good);
  check(in_pieces.rest_lost == at_once.rest_lost);
  check(!at_once.good || in_pieces.text == at_once.text);

  if (whole.starts_with("\x1f\x8b"sv)) {
    const Outcome other = zlib_inflate(whole);
    if (other.too_large) return 0;
    check(other.good == at_once.good && other.rest_lost == at_once.rest_lost);
    check(!other.good || other.text == at_once.text);
    // What came before a fault: one may see the fault a little earlier, but not other bytes.
    const size_t common = std::min(other.text.size(), at_once.text.size());
    check(other.text.compare(0, common, at_once.text, 0, common) == 0);
  }
  return 0;
}
