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

}  // namespace

struct ZstdInflate::State {
  std::unique_ptr<ZSTD_DCtx, Free> context;
  bool between_frames = false;
  bool flushed = true;  // libzstd holds no bytes back for want of room
  size_t wanted = 5;    // It asks for so many bytes: a frame's first ones, then a block at a time
  bool finished = false;
  uint64_t in_total = 0, out_total = 0, frame_begin = 0;
  std::optional<Error> pending;

  void fail(std::string why) {
    pending = Error{ErrorKind::corrupt, "zstd: " + std::move(why) + " (compressed byte " +
                                            std::to_string(in_total) + ", inflated byte " +
                                            std::to_string(out_total) + ")"};
  }
  void fail_of(size_t code) {
    if (ZSTD_getErrorCode(code) == ZSTD_error_frameParameter_windowTooLarge) {
      fail("the frame at compressed byte " + std::to_string(frame_begin) +
           " needs a window above 8 MiB; compress it anew without --long or --ultra");
    } else if (ZSTD_getErrorCode(code) == ZSTD_error_prefix_unknown) {
      fail("what follows at compressed byte " + std::to_string(frame_begin) + " is no zstd frame");
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
size_t ZstdInflate::memory_bytes() const {
  return ZSTD_sizeof_DCtx(state_->context.get());
}

void ZstdInflate::reset() {
  auto context = std::move(state_->context);
  // A context of its own needs 160 KiB, and libzstd never gives a large window back.
  if (ZSTD_sizeof_DCtx(context.get()) > window_bytes_kept + (512 << 10)) context.reset();
  if (context) ZSTD_DCtx_reset(context.get(), ZSTD_reset_session_only);
  *state_ = State{};
  state_->context = std::move(context);
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
    s.wanted = answer == 0 ? 5 : answer;
    if (answer == 0) s.frame_begin = s.in_total;
    if (!moved) break;
  }
  if (last && in.empty() && !s.pending) {
    if (s.between_frames) {
      s.finished = true;
    } else if (written < room) {
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

}  // namespace sluice
