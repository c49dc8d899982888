#include "codec/gzip_inflate.h"

#include <isa-l/igzip_lib.h>

#include <algorithm>
#include <optional>
#include <utility>

namespace sluice {

namespace {

constexpr unsigned char magic[2] = {0x1f, 0x8b};
constexpr size_t trailer_bytes = 8;
// RFC 1952, 2.3.1.2: "Reserved FLG bits must be zero. [...] A compliant decompressor must give an
// error indication if any reserved bit is non-zero". ISA-L doesn't look.
constexpr uint32_t reserved_flags = 0xe0;
// ISA-L counts in 32 bits.
constexpr size_t stride_bytes_max = 1 << 30;

uint32_t little_endian(const unsigned char* bytes) {
  return bytes[0] | bytes[1] << 8 | bytes[2] << 16 | static_cast<uint32_t>(bytes[3]) << 24;
}

uint8_t* input_of(std::string_view in) {
  return reinterpret_cast<uint8_t*>(const_cast<char*>(in.data()));  // Never written to
}

}  // namespace

struct GzipInflate::State {
  enum class At : uint8_t {
    boundary,  // Before a member, or in the padding in front of one
    magic,     // Behind a 1f that may begin a member
    header,
    body,
    trailer,
    broken,  // The data is invalid; what ISA-L still holds of the bytes before comes first
    lost,    // No member follows
    finished,
  };

  inflate_state inflate;
  isal_gzip_header header;
  At at;
  unsigned char trailer[trailer_bytes];
  size_t trailer_size;
  uint64_t members;       // Whole ones
  uint64_t member_begin;  // Compressed offset
  uint64_t member_text;   // Inflated offset
  uint64_t in_total, out_total;
  uint64_t padding_bytes;
  std::optional<Error> pending;
  std::optional<std::string> rest_lost;

  void reset();
  void begin_member();
  // Each takes what it can of `in` and says whether anything came of it.
  bool boundary(std::string_view& in);
  bool second_magic(std::string_view& in);
  bool read_header(std::string_view& in);
  bool body(std::string_view& in, char* out, size_t room, size_t& written);
  bool read_trailer(std::string_view& in);
  bool drain(char* out, size_t room, size_t& written);
  void end_of_input();
  void take(std::string_view& in, size_t bytes) {
    in.remove_prefix(bytes);
    in_total += bytes;
  }
  void fail(std::string why) {
    pending = Error{ErrorKind::corrupt, "gzip: " + std::move(why) + " (compressed byte " +
                                            std::to_string(in_total) + ", inflated byte " +
                                            std::to_string(out_total) + ")"};
  }
  // Where a member should begin: what came before stands.
  void lose_rest(std::string_view why) {
    rest_lost = "gzip: compressed byte " + std::to_string(member_begin) + " " + std::string(why) +
                " (inflated byte " + std::to_string(out_total) + ")";
    at = At::lost;
  }
  void bad_header(std::string_view why);
};

GzipInflate::GzipInflate() : state_(std::make_unique_for_overwrite<State>()) {
  isal_inflate_init(&state_->inflate);
  state_->reset();
}
GzipInflate::GzipInflate(GzipInflate&&) noexcept = default;
GzipInflate& GzipInflate::operator=(GzipInflate&&) noexcept = default;
GzipInflate::~GzipInflate() = default;

void GzipInflate::reset() {
  state_->reset();
}
bool GzipInflate::finished() const {
  return state_->at == State::At::finished;
}

Result<size_t> GzipInflate::step(std::string_view& in, bool last, char* out, size_t room) {
  State& s = *state_;
  size_t written = 0;
  for (bool moved = true; moved && !s.pending;) {
    switch (s.at) {
      case State::At::boundary:
        moved = s.boundary(in);
        break;
      case State::At::magic:
        moved = s.second_magic(in);
        break;
      case State::At::header:
        moved = s.read_header(in);
        break;
      case State::At::body:
        moved = s.body(in, out, room, written);
        break;
      case State::At::trailer:
        moved = s.read_trailer(in);
        break;
      case State::At::broken:
        moved = s.drain(out, room, written);
        break;
      case State::At::lost:
        s.take(in, in.size());
        moved = false;
        break;
      case State::At::finished:
        return written;
    }
  }
  // Nothing moves: it wants more input, or more room.
  const bool wants_room = written == room && (s.at == State::At::body || s.at == State::At::broken);
  if (last && in.empty() && !s.pending && !wants_room) s.end_of_input();
  if (s.pending && written == 0) return *s.pending;
  return written;
}

void GzipInflate::State::reset() {
  at = At::boundary;
  members = in_total = out_total = padding_bytes = member_begin = member_text = 0;
  trailer_size = 0;
  pending.reset();
  rest_lost.reset();
}

void GzipInflate::State::begin_member() {
  isal_inflate_reset(&inflate);
  inflate.crc_flag = ISAL_GZIP_NO_HDR;  // Keeps the CRC; header and trailer are read here
  header = {};
  trailer_size = 0;
  // The magic may have come in two pieces; the header's reader gets it from here.
  inflate.next_in = const_cast<uint8_t*>(magic);
  inflate.avail_in = sizeof magic;
  isal_read_gzip_header(&inflate, &header);
  at = At::header;
}

bool GzipInflate::State::boundary(std::string_view& in) {
  if (in.empty()) return false;
  if (in[0] == static_cast<char>(magic[0])) {
    member_begin = in_total;
    member_text = out_total;
    take(in, 1);
    at = At::magic;
  } else if (in[0] == 0 && members > 0) {
    const size_t zeros = std::min(in.find_first_not_of('\0'), in.size());
    padding_bytes += zeros;
    take(in, zeros);
  } else {
    member_begin = in_total;
    lose_rest("begins no gzip member");
  }
  return true;
}

bool GzipInflate::State::second_magic(std::string_view& in) {
  if (in.empty()) return false;
  if (in[0] == static_cast<char>(magic[1])) {
    take(in, 1);
    begin_member();
  } else {
    lose_rest("begins no gzip member");
  }
  return true;
}

// Of the first member: there is nothing before it that could stand.
void GzipInflate::State::bad_header(std::string_view why) {
  if (members > 0) return lose_rest("begins a member whose header " + std::string(why));
  fail("a member's header " + std::string(why));
}

// isal_read_gzip_header() goes on where it stopped, while isal_inflate() forgets a header's flags
// at the end of a buffer (isa-l issue 224).
bool GzipInflate::State::read_header(std::string_view& in) {
  if (in.empty()) return false;
  const size_t offered = std::min(in.size(), stride_bytes_max);
  inflate.next_in = input_of(in);
  inflate.avail_in = static_cast<uint32_t>(offered);
  const int answer = isal_read_gzip_header(&inflate, &header);
  take(in, offered - inflate.avail_in);
  if (answer == ISAL_DECOMP_OK) {
    if (header.flags & reserved_flags) {
      bad_header("has reserved flags");
    } else {
      at = At::body;
    }
  } else if (answer == ISAL_UNSUPPORTED_METHOD) {
    bad_header("names an unknown method");
  } else if (answer == ISAL_INCORRECT_CHECKSUM) {
    bad_header("has a wrong checksum");
  } else if (answer < 0) {
    bad_header("is invalid");
  }
  return true;
}

bool GzipInflate::State::body(std::string_view& in, char* out, size_t room, size_t& written) {
  const size_t offered = std::min(in.size(), stride_bytes_max);
  const size_t space = std::min(room - written, stride_bytes_max);
  uint8_t nowhere = 0;
  inflate.next_in = input_of(in);
  inflate.avail_in = static_cast<uint32_t>(offered);
  inflate.next_out = space > 0 ? reinterpret_cast<uint8_t*>(out + written) : &nowhere;
  inflate.avail_out = static_cast<uint32_t>(space);
  const int answer = isal_inflate(&inflate);
  // At an invalid symbol near the input's end ISA-L 2.30 counts one byte too many as eaten.
  const size_t eaten = inflate.avail_in <= offered ? offered - inflate.avail_in : offered;
  const size_t made = space - inflate.avail_out;
  take(in, eaten);
  written += made;
  out_total += made;
  if (answer < 0) {
    at = At::broken;
    return true;
  }
  if (inflate.block_state == ISAL_BLOCK_FINISH) {
    // ISA-L reads ahead up to eight bytes: never further than the trailer.
    inflate.read_in >>= inflate.read_in_length % 8;
    for (int32_t left = inflate.read_in_length / 8; left > 0; --left) {
      trailer[trailer_size++] = static_cast<unsigned char>(inflate.read_in);
      inflate.read_in >>= 8;
    }
    at = At::trailer;
    return true;
  }
  return eaten + made > 0;
}

// After an error isal_inflate() keeps what it had no room for.
bool GzipInflate::State::drain(char* out, size_t room, size_t& written) {
  const auto held = static_cast<size_t>(inflate.tmp_out_valid - inflate.tmp_out_processed);
  const size_t bytes = std::min(held, room - written);
  std::copy_n(inflate.tmp_out_buffer + inflate.tmp_out_processed, bytes, out + written);
  inflate.tmp_out_processed += static_cast<int32_t>(bytes);
  written += bytes;
  out_total += bytes;
  if (bytes == held) fail("a member's data is invalid");
  return false;
}

bool GzipInflate::State::read_trailer(std::string_view& in) {
  const size_t wanted = std::min(trailer_bytes - trailer_size, in.size());
  std::copy_n(in.data(), wanted, trailer + trailer_size);
  trailer_size += wanted;
  take(in, wanted);
  if (trailer_size < trailer_bytes) return false;
  if (little_endian(trailer) != inflate.crc) {
    fail("the CRC of the member at compressed byte " + std::to_string(member_begin) + " is wrong");
  } else if (little_endian(trailer + 4) != inflate.total_out) {
    fail("the size (ISIZE) of the member at compressed byte " + std::to_string(member_begin) +
         " is wrong");
  } else {
    members += 1;
    at = At::boundary;
  }
  return true;
}

void GzipInflate::State::end_of_input() {
  if (at == At::header && (header.flags & reserved_flags)) bad_header("has reserved flags");
  if (pending) return;
  if (at == At::lost || (at == At::boundary && members > 0)) {
    at = At::finished;
  } else {
    fail("truncated: the member at compressed byte " + std::to_string(member_begin) +
         " does not end");
  }
}

std::string GzipInflate::warning() const {
  if (state_->padding_bytes == 0) return {};
  return std::to_string(state_->padding_bytes) + " zero bytes behind a gzip member ignored";
}

std::optional<OpenPiece> GzipInflate::open_piece() const {
  const State& s = *state_;
  if (s.at == State::At::boundary || s.at >= State::At::lost) return std::nullopt;
  return OpenPiece{s.member_begin, s.member_text};
}

std::optional<std::string> GzipInflate::rest_lost() const {
  return state_->rest_lost;
}

uint64_t gzip_size_hint(std::string_view whole) {
  constexpr size_t member_bytes_min = 18;
  constexpr uint64_t ratio_max = 1032;  // Of deflate: 258 bytes from 2 bits
  if (whole.size() < member_bytes_min) return 0;
  const auto* end = reinterpret_cast<const unsigned char*>(whole.data() + whole.size());
  const uint64_t claimed = little_endian(end - 4);
  // Incompressible text is stored: a little longer than it was, by headers and a name.
  if (claimed + 1024 < whole.size() || claimed > whole.size() * ratio_max) return 0;
  return claimed;
}

}  // namespace sluice
