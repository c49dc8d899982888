#include "codec/zstd_encoder.h"

#include <zstd.h>

#include <utility>

#include "base/checksum.h"
#include "codec/lending_pool.h"
#include "flow/settings.h"

namespace sluice {

namespace {

// Two of zstd's own blocks.
constexpr size_t text_block_bytes = 256 << 10;
// RFC 8878: a frame's header is at most 18 bytes, its checksum 4; an empty last block 3.
constexpr size_t frame_bytes_max = 18 + 4 + 3;

// A compressor, ready for a frame.
class Compressor {
 public:
  explicit Compressor(ZstdOptions options) : context_(ZSTD_createCCtx()) {
    ENSURE(context_ != nullptr);
    set(ZSTD_c_compressionLevel, options.level);
    set(ZSTD_c_windowLog, options.window_log);
    set(ZSTD_c_checksumFlag, 1);
  }
  ~Compressor() { ZSTD_freeCCtx(context_); }
  Compressor(const Compressor&) = delete;
  Compressor& operator=(const Compressor&) = delete;

  // Appends what comes of the text, all of it: nothing stays inside. `final` ends the frame.
  Status compress(std::string_view text, bool final, Buffer& out) {
    ZSTD_inBuffer input{text.data(), text.size(), 0};
    ZSTD_outBuffer output{out.data(), out.capacity(), out.size()};
    const size_t left =
        ZSTD_compressStream2(context_, &output, &input, final ? ZSTD_e_end : ZSTD_e_flush);
    if (ZSTD_isError(left)) {
      ZSTD_CCtx_reset(context_, ZSTD_reset_session_only);
      return Error{ErrorKind::internal, std::string("zstd: ") + ZSTD_getErrorName(left)};
    }
    ENSURE(left == 0 && input.pos == input.size);
    out.resize(output.pos);
    return {};
  }
  size_t memory_bytes() const { return ZSTD_sizeof_CCtx(context_); }

 private:
  void set(ZSTD_cParameter parameter, int value) {
    ENSURE(!ZSTD_isError(ZSTD_CCtx_setParameter(context_, parameter, value)));
  }
  ZSTD_CCtx* const context_;
};

// The frame in the making; made with its first block, if that is not the last.
struct ZstdCoil final : Coil {
  std::unique_ptr<Compressor> compressor;
};

class ZstdEncoder final : public Encoder {
 public:
  explicit ZstdEncoder(ZstdOptions options) : options_(options), coil_bytes_(measure(options)) {}

  std::string extension() const override { return ".jsonl.zst"; }
  size_t block_bytes() const override { return text_block_bytes; }
  size_t encoded_bytes_max(size_t text_bytes) const override {
    return ZSTD_compressBound(text_bytes) + frame_bytes_max;
  }
  std::unique_ptr<Coil> coil() const override { return std::make_unique<ZstdCoil>(); }
  size_t coil_bytes() const override { return coil_bytes_; }
  size_t worker_bytes() const override { return coil_bytes_; }
  std::string header() const override { return {}; }

  Status encode(Coil* coil, std::string_view text, bool final, Encoded& out) const override {
    ENSURE(coil != nullptr && out.bytes.room() >= encoded_bytes_max(text.size()));
    out.crc32 = sluice::crc32(text, out.crc32);
    out.raw_bytes += text.size();
    auto& own = static_cast<ZstdCoil*>(coil)->compressor;
    if (!own && final) {
      const auto lent =
          compressors_.lend([this] { return std::make_unique<Compressor>(options_); });
      return lent->compress(text, final, out.bytes);
    }
    if (!own) own = std::make_unique<Compressor>(options_);
    TRY(own->compress(text, final, out.bytes));
    if (final) own.reset();
    return {};
  }

  std::string trailer(uint32_t, uint64_t) const override { return {}; }

 private:
  // What a compressor has taken after two blocks. libzstd only estimates it in its unstable API.
  static size_t measure(ZstdOptions options) {
    Compressor compressor(options);
    const std::string text(text_block_bytes, ' ');
    Buffer out(2 * (ZSTD_compressBound(text.size()) + frame_bytes_max));
    for (int i = 0; i < 2; ++i) ENSURE(compressor.compress(text, false, out).ok());
    return compressor.memory_bytes();
  }

  const ZstdOptions options_;
  const size_t coil_bytes_;
  mutable LendingPool<Compressor> compressors_;  // Guards itself
};

}  // namespace

std::unique_ptr<Encoder> make_zstd_encoder(ZstdOptions options) {
  return std::make_unique<ZstdEncoder>(options);
}

PartDoc zstd_encoder_doc() {
  return {.name = "jsonl.zst",
          .role = Role::format,
          .summary = "Lines of JSON, compressed with zstd: one frame.",
          .fields = {{.name = "level",
                      .type = FieldType::count,
                      .help = "From 1 (fast) to 9 (small).",
                      .default_text = "1"}},
          .example = "format: jsonl.zst"};
}

Result<std::unique_ptr<Encoder>> make_zstd_format(const Settings& settings) {
  constexpr uint64_t level_max = 9;
  const uint64_t level = settings.count("level");
  if (level < 1 || level > level_max) return settings.error_at("level", "is from 1 to 9");
  return make_zstd_encoder({.level = static_cast<int>(level)});
}

}  // namespace sluice
