#include "codec/gzip_encoder.h"

#include <utility>

#include "base/checksum.h"
#include "codec/deflater.h"
#include "codec/lending_pool.h"
#include "flow/settings.h"

namespace sluice {

namespace {

// Beginning anew this often costs 2 % of the ratio (bench/codec_bench.cc), and the text in hand of
// one open place stays small.
constexpr size_t text_block_bytes = 256 << 10;

void append_little_endian(std::string& out, uint32_t number) {
  for (int shift = 0; shift < 32; shift += 8) out += static_cast<char>(number >> shift & 0xff);
}

class GzipEncoder final : public Encoder {
 public:
  explicit GzipEncoder(GzipEffort effort) : effort_(effort) {}

  std::string extension() const override { return ".jsonl.gz"; }
  size_t block_bytes() const override { return text_block_bytes; }
  size_t encoded_bytes_max(size_t text_bytes) const override {
    return deflated_bytes_max(text_bytes);
  }
  size_t worker_bytes() const override {
    return effort_ == GzipEffort::fast ? fast_deflater_bytes : small_deflater_bytes;
  }

  std::string header() const override {
    // xfl 4: "compressor used fastest algorithm"; os 255: unknown (RFC 1952, 2.3.1).
    const char xfl = effort_ == GzipEffort::fast ? '\x04' : '\x00';
    return std::string("\x1f\x8b\x08\x00\x00\x00\x00\x00", 8) + xfl + '\xff';
  }

  Status encode(Coil*, std::string_view text, bool, Encoded& out) const override {
    ENSURE(out.bytes.room() >= encoded_bytes_max(text.size()));
    const auto deflater = deflaters_.lend([this] {
      return effort_ == GzipEffort::fast ? make_fast_deflater() : make_small_deflater();
    });
    const size_t size = out.bytes.size();
    out.bytes.resize(size + deflater->deflate(text, out.bytes.data() + size));
    out.crc32 = sluice::crc32(text, out.crc32);
    out.raw_bytes += text.size();
    return {};
  }

  std::string trailer(uint32_t crc32, uint64_t raw_bytes) const override {
    std::string out("\x03\x00", 2);
    append_little_endian(out, crc32);
    append_little_endian(out, static_cast<uint32_t>(raw_bytes));
    return out;
  }

 private:
  const GzipEffort effort_;
  mutable LendingPool<Deflater> deflaters_;  // Guards itself
};

}  // namespace

std::unique_ptr<Encoder> make_gzip_encoder(GzipEffort effort) {
  return std::make_unique<GzipEncoder>(effort);
}

PartDoc gzip_encoder_doc() {
  return {
      .name = "jsonl.gz",
      .role = Role::format,
      .summary =
          "Lines of JSON, compressed with gzip: one member, also when several cores made "
          "it.",
      .fields = {{.name = "level",
                  .type = FieldType::choice,
                  .help = "fast, or small: a tenth as fast, for objects smaller by a tenth to a "
                          "fifth.",
                  .default_text = "fast",
                  .choices = {"fast", "small"}}},
      .example = "format: jsonl.gz"};
}

Result<std::unique_ptr<Encoder>> make_gzip_format(const Settings& settings) {
  const bool small = settings.text("level") == "small";
  return make_gzip_encoder(small ? GzipEffort::small : GzipEffort::fast);
}

}  // namespace sluice
