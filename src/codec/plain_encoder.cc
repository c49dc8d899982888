#include "codec/plain_encoder.h"

#include "base/checksum.h"

namespace sluice {

namespace {

class PlainEncoder final : public Encoder {
 public:
  std::string extension() const override { return ".jsonl"; }
  size_t block_bytes() const override { return 256 << 10; }
  size_t encoded_bytes_max(size_t text_bytes) const override { return text_bytes; }
  std::string header() const override { return {}; }
  Status encode(Coil*, std::string_view text, bool, Encoded& out) const override {
    out.bytes.append(text);
    out.crc32 = sluice::crc32(text, out.crc32);
    out.raw_bytes += text.size();
    return {};
  }
  std::string trailer(uint32_t, uint64_t) const override { return {}; }
};

}  // namespace

std::unique_ptr<Encoder> make_plain_encoder() {
  return std::make_unique<PlainEncoder>();
}

PartDoc plain_encoder_doc() {
  return {.name = "jsonl",
          .role = Role::format,
          .summary = "Lines of JSON, not compressed.",
          .example = "format: jsonl"};
}

Result<std::unique_ptr<Encoder>> make_plain_format(const Settings&) {
  return make_plain_encoder();
}

}  // namespace sluice
