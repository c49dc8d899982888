#include "codec/zstd_inflate.h"

#include <zstd.h>
#include <zstd_errors.h>

#include <algorithm>
#include <optional>
#include <string>
#include <utility>

namespace sluice {

namespace {

struct Free {
  void operator()(ZSTD_DCtx* context) const { ZSTD_freeDCtx(context); }
};

constexpr unsigned char frame_magic[4] = {0x28, 0xb5, 0x2f, 0xfd};
constexpr unsigned char skippable_magic[4] = {0x50, 0x2a, 0x4d, 0x18};  // Its first byte to 5f
// RFC 8878, 3.1.1.1: a frame's header is 6 to 18 bytes with its magic; 3.1.2: a skippable one's 8.
constexpr size_t header_bytes_max = 18, skippable_header_bytes = 8;
constexpr uint64_t window_bytes_max = uint64_t{1} << ZstdInflate::window_log_max;
// What libzstd holds besides the window: its tables, a block that comes and two that go (128 KiB
// each).
constexpr uint64_t context_bytes = (160 << 10) + 3 * (128 << 10);

// A frame's first bytes, gathered till they are its whole header.
class FrameHeader {
 public:
  enum class State : uint8_t { wants_more, whole, no_frame, reserved };

  bool empty() const { return size_ == 0; }
  void clear() { size_ = 0; }
  const char* data() const { return bytes_; }
  size_t size() const { return size_; }
  State add(char byte) {
    bytes_[size_++] = byte;
    const bool skippable = (at(0) & 0xf0) == skippable_magic[0];
    const auto* magic = skippable ? skippable_magic : frame_magic;
    for (size_t i = skippable ? 1 : 0; i < std::min(size_, sizeof frame_magic); ++i) {
      if (at(i) != magic[i]) return State::no_frame;
    }
    if (skippable) return size_ < skippable_header_bytes ? State::wants_more : State::whole;
    if (size_ <= sizeof frame_magic) return State::wants_more;
    // RFC 8878, 3.1.1.1.1.4: "the reserved bit [...] must be zero. A decoder compliant with this
    // specification version must ensure it is not set."
    if (at(4) & 0x08) return State::reserved;
    return size_ < wanted() ? State::wants_more : State::whole;
  }
  // RFC 8878, 3.1.1.1.2; 0 where the content is its own window. Of a whole header.
  uint64_t window_bytes() const {
    if (at(0) != frame_magic[0] || (at(4) & 0x20)) return 0;
    const uint64_t base = uint64_t{1} << (10 + (at(5) >> 3));
    return base + base / 8 * (at(5) & 7);
  }

 private:
  unsigned char at(size_t i) const { return static_cast<unsigned char>(bytes_[i]); }
  // By the descriptor: a window's byte, a dictionary's id, the content's size.
  size_t wanted() const {
    constexpr size_t dictionary_bytes[4] = {0, 1, 2, 4}, content_bytes[4] = {0, 2, 4, 8};
    const bool single_segment = at(4) & 0x20;
    const size_t content = content_bytes[at(4) >> 6];
    return 5 + (single_segment ? 0 : 1) + dictionary_bytes[at(4) & 3] +
           (single_segment && content == 0 ? 1 : content);
  }
  char bytes_[header_bytes_max] = {};
  size_t size_ = 0;
};

}  // namespace

struct ZstdInflate::State {
  std::unique_ptr<ZSTD_DCtx, Free> context;
  FrameHeader header;
  bool between_frames = true;  // Or in a header
  bool flushed = true;         // libzstd holds no bytes back for want of room
  size_t wanted = 0;           // It asks for so many bytes: a block at a time
  bool finished = false;
  uint64_t in_total = 0, out_total = 0, frame_begin = 0, frame_text = 0;
  std::optional<Error> pending;

  void read_header(std::string_view& in);
  void begin_frame();
  void fail(std::string why) {
    pending = Error{ErrorKind::corrupt, "zstd: " + std::move(why) + " (compressed byte " +
                                            std::to_string(in_total) + ", inflated byte " +
                                            std::to_string(out_total) + ")"};
  }
  void fail_of(size_t code) {
    if (ZSTD_getErrorCode(code) == ZSTD_error_frameParameter_windowTooLarge) {
      fail("the frame at compressed byte " + std::to_string(frame_begin) +
           " needs a window above 8 MiB; compress it anew without --long or --ultra");
    } else {
      fail(ZSTD_getErrorName(code));
    }
  }
};

ZstdInflate::ZstdInflate() : state_(std::make_unique<State>()) {}
ZstdInflate::ZstdInflate(ZstdInflate&&) noexcept = default;
ZstdInflate& ZstdInflate::operator=(ZstdInflate&&) noexcept = default;
ZstdInflate::~ZstdInflate() = default;

bool ZstdInflate::finished() const {
  return state_->finished;
}
std::optional<OpenPiece> ZstdInflate::open_piece() const {
  if (state_->between_frames && state_->header.empty()) return std::nullopt;
  return OpenPiece{state_->frame_begin, state_->frame_text};
}
size_t ZstdInflate::memory_bytes() const {
  return ZSTD_sizeof_DCtx(state_->context.get());
}

void ZstdInflate::reset() {
  auto context = std::move(state_->context);
  // libzstd never gives a large window back.
  if (ZSTD_sizeof_DCtx(context.get()) > window_bytes_kept + context_bytes) context.reset();
  if (context) ZSTD_DCtx_reset(context.get(), ZSTD_reset_session_only);
  *state_ = State{};
  state_->context = std::move(context);
}

// libzstd is shown a frame's header in one piece, and only one that is sound: it looks for magics
// of formats before zstd 0.8 wherever a piece of a bad header begins, and inflates what it takes
// for one.
void ZstdInflate::State::read_header(std::string_view& in) {
  while (!in.empty()) {
    if (header.empty()) frame_begin = in_total, frame_text = out_total;
    const auto state = header.add(in[0]);
    in.remove_prefix(1);
    in_total += 1;
    switch (state) {
      case FrameHeader::State::wants_more:
        continue;
      case FrameHeader::State::whole:
        return begin_frame();
      case FrameHeader::State::no_frame:
        return fail("what follows at compressed byte " + std::to_string(frame_begin) +
                    " is no zstd frame");
      case FrameHeader::State::reserved:
        return fail("the frame at compressed byte " + std::to_string(frame_begin) +
                    " has its header's reserved bit set");
    }
  }
}

void ZstdInflate::State::begin_frame() {
  ZSTD_inBuffer input{header.data(), header.size(), 0};
  ZSTD_outBuffer output{nullptr, 0, 0};
  const size_t answer = ZSTD_decompressStream(context.get(), &output, &input);
  if (ZSTD_isError(answer)) return fail_of(answer);
  ENSURE(input.pos == input.size);
  header.clear();
  between_frames = answer == 0;  // A skippable frame may be empty
  wanted = answer;
  flushed = true;
}

Result<size_t> ZstdInflate::step(std::string_view& in, bool last, char* out, size_t room) {
  State& s = *state_;
  if (s.finished) return size_t{0};
  if (!s.context) {
    s.context.reset(ZSTD_createDCtx());
    ENSURE(s.context != nullptr);
    ENSURE(!ZSTD_isError(
        ZSTD_DCtx_setParameter(s.context.get(), ZSTD_d_windowLogMax, window_log_max)));
  }
  size_t written = 0;
  while (!s.pending) {
    if (in.empty() && (s.between_frames || s.flushed || written == room)) break;
    if (s.between_frames) {
      s.read_header(in);
      continue;
    }
    // Of a call that ends in an error the bytes are lost: so no more than a block at a time.
    ZSTD_inBuffer input{in.data(), std::min(in.size(), s.wanted), 0};
    ZSTD_outBuffer output{out, room, written};
    const size_t answer = ZSTD_decompressStream(s.context.get(), &output, &input);
    const bool moved = input.pos > 0 || output.pos > written;
    in.remove_prefix(input.pos);
    s.in_total += input.pos;
    s.out_total += output.pos - written;
    written = output.pos;
    if (ZSTD_isError(answer)) {
      s.fail_of(answer);
      break;
    }
    s.flushed = written < room;
    s.between_frames = answer == 0;
    s.wanted = answer;
    if (!moved) break;
  }
  if (last && in.empty() && !s.pending) {
    if (s.between_frames && s.header.empty()) {
      s.finished = true;
    } else if (s.between_frames || written < room) {
      s.fail("truncated: the frame at compressed byte " + std::to_string(s.frame_begin) +
             " does not end");
    }
  }
  if (s.pending && written == 0) return *s.pending;
  return written;
}

uint64_t zstd_size_hint(std::string_view whole) {
  const auto size = ZSTD_getFrameContentSize(whole.data(), whole.size());
  return size == ZSTD_CONTENTSIZE_UNKNOWN || size == ZSTD_CONTENTSIZE_ERROR ? 0 : size;
}

uint64_t zstd_state_bytes(std::string_view frames) {
  uint64_t most = 0;
  while (!frames.empty()) {
    FrameHeader header;
    auto state = FrameHeader::State::wants_more;
    for (size_t i = 0; i < frames.size() && state == FrameHeader::State::wants_more; ++i)
      state = header.add(frames[i]);
    if (state != FrameHeader::State::whole) break;
    const uint64_t content = zstd_size_hint(frames), window = header.window_bytes();
    const uint64_t held = window == 0 ? content : content == 0 ? window : std::min(window, content);
    if (held <= window_bytes_max) most = std::max(most, held + context_bytes);
    const size_t frame = ZSTD_findFrameCompressedSize(frames.data(), frames.size());
    if (ZSTD_isError(frame)) break;  // It goes on behind these bytes
    frames.remove_prefix(frame);
  }
  return most;
}

}  // namespace sluice
