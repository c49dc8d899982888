// codec_bench [repeats]: how fast the codec room is, one core, on CloudTrail logs as AWS delivered
// them ($SLUICE_SHARED/data/cloudtrail-sans504: 1,388 small documents) and on their text as one
// long stream, beside the libraries called directly over the whole in the same run. Best of the
// repeats, in MB of text for each second of this thread's CPU; for compressors the ratio too.
#include <isa-l/igzip_lib.h>
#include <zstd.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <functional>
#include <iterator>
#include <memory>
#include <string>
#include <vector>

#include "base/checksum.h"
#include "base/clock.h"
#include "codec/gzip_encoder.h"
#include "codec/inflate.h"
#include "codec/json_document.h"
#include "codec/plain_encoder.h"
#include "codec/zstd_encoder.h"

namespace sluice {
namespace {

constexpr size_t piece_bytes = 1 << 20;

void report(const char* what, int repeats, uint64_t text_bytes,
            const std::function<uint64_t()>& run) {
  Nanoseconds best = INT64_MAX;
  uint64_t answer = 0;
  for (int i = 0; i < repeats; ++i) {
    const Nanoseconds begun = thread_cpu();
    answer = run();
    best = std::min(best, thread_cpu() - begun);
  }
  std::printf("%-58s %7.0f MB/s", what,
              static_cast<double>(text_bytes) * 1e3 / static_cast<double>(best));
  if (answer > 0)
    std::printf("   ratio %.2f", static_cast<double>(text_bytes) / static_cast<double>(answer));
  std::printf("\n");
}

uint64_t inflate_all(Inflater& inflater, std::string_view whole, Buffer& window,
                     std::string* text) {
  inflater.reset();
  while (!inflater.finished()) {
    std::string_view piece = whole.substr(0, piece_bytes);
    whole.remove_prefix(piece.size());
    for (size_t written = 1; written > 0;) {
      auto step = inflater.step(piece, whole.empty(), window.data(), window.capacity());
      ENSURE(step.ok());
      written = *step;
      if (text != nullptr) text->append(window.data(), written);
    }
  }
  return inflater.inflated();
}

// ISA-L as its manual says, gzip header and checksum its own business.
void inflate_directly(inflate_state& state, std::string_view whole, Buffer& window) {
  isal_inflate_reset(&state);
  state.crc_flag = ISAL_GZIP;
  state.next_in = reinterpret_cast<uint8_t*>(const_cast<char*>(whole.data()));
  state.avail_in = static_cast<uint32_t>(whole.size());
  while (state.block_state != ISAL_BLOCK_FINISH) {
    state.next_out = reinterpret_cast<uint8_t*>(window.data());
    state.avail_out = static_cast<uint32_t>(window.capacity());
    ENSURE(isal_inflate(&state) == ISAL_DECOMP_OK);
  }
}

// One stream over everything, with gzip's checksum.
uint64_t deflate_directly(std::string_view text, int level, Buffer& out) {
  const auto stream = std::make_unique<isal_zstream>();
  std::vector<uint8_t> level_buffer(ISAL_DEF_LVL2_DEFAULT);
  isal_deflate_init(stream.get());
  stream->level = static_cast<uint32_t>(level);
  stream->level_buf = level_buffer.data();
  stream->level_buf_size = static_cast<uint32_t>(level_buffer.size());
  stream->gzip_flag = IGZIP_GZIP;
  stream->end_of_stream = 1;
  stream->next_in = reinterpret_cast<uint8_t*>(const_cast<char*>(text.data()));
  stream->avail_in = static_cast<uint32_t>(text.size());
  uint64_t bytes = 0;
  do {
    stream->next_out = reinterpret_cast<uint8_t*>(out.data());
    stream->avail_out = static_cast<uint32_t>(out.capacity());
    ENSURE(isal_deflate(stream.get()) == COMP_OK);
    bytes += out.capacity() - stream->avail_out;
  } while (stream->internal_state.state != ZSTATE_END);
  return bytes;
}

uint64_t encode_object(const Encoder& encoder, std::string_view text, std::string* object) {
  const auto coil = encoder.coil();
  Encoded out{Buffer(encoder.encoded_bytes_max(encoder.block_bytes()))};
  if (object != nullptr) *object = encoder.header();
  uint64_t bytes = 0;
  while (!text.empty()) {
    const auto block = text.substr(0, encoder.block_bytes());
    text.remove_prefix(block.size());
    out.bytes.clear();
    ENSURE(encoder.encode(coil.get(), block, text.empty(), out).ok());
    bytes += out.bytes.size();
    if (object != nullptr) object->append(out.bytes.view());
  }
  if (object != nullptr) *object += encoder.trailer(out.crc32, out.raw_bytes);
  return bytes;
}

void decode_all(Decoder& decoder, std::string_view whole, Buffer& window,
                std::vector<Span>& spans) {
  std::vector<SetAside> bad;
  decoder.reset();
  window.clear();
  spans.clear();
  for (;;) {
    auto step = decoder.step(whole, true, window, spans, bad);
    ENSURE(step.ok());
    if (step->next == DecodeStep::Next::finished) return;
    const size_t rest = window.size() - step->consumed;
    std::memmove(window.data(), window.data() + step->consumed, rest);
    window.resize(rest);
    decoder.dropped(step->consumed);
    spans.clear();
    if (window.room() == 0) window.grow(window.capacity() * 2);
  }
}

// Long because it is a table: a block for each codec that is measured.
int run(const std::string& root, int repeats) {
  std::vector<std::string> documents;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(root)) {
    if (entry.path().extension() != ".gz") continue;
    std::ifstream file(entry.path(), std::ios::binary);
    documents.emplace_back(std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>());
  }
  if (documents.empty()) {
    std::printf("skipped: codec_bench needs ../shared/data\n");
    return 0;
  }
  Inflater inflater;
  Buffer window(piece_bytes);
  std::string small;
  for (const auto& document : documents) inflate_all(inflater, document, window, &small);
  std::string text;
  while (text.size() < (100 << 20)) text += small;
  const uint64_t bytes = text.size();
  const auto gzip = make_gzip_encoder(), small_gzip = make_gzip_encoder(GzipEffort::small);
  const auto zstd = make_zstd_encoder(), plain = make_plain_encoder();
  std::string gz, zst;
  encode_object(*gzip, text, &gz);
  encode_object(*zstd, text, &zst);
  std::printf("%zu small documents, %zu bytes of text; a stream of %llu bytes\n", documents.size(),
              small.size(), static_cast<unsigned long long>(bytes));

  const auto state = std::make_unique<inflate_state>();
  isal_inflate_init(state.get());
  report("inflate, gzip, small documents", repeats, small.size(), [&] {
    for (const auto& document : documents) inflate_all(inflater, document, window, nullptr);
    return 0;
  });
  report("  ISA-L directly", repeats, small.size(), [&] {
    for (const auto& document : documents) inflate_directly(*state, document, window);
    return 0;
  });
  const auto decoder = make_json_array_decoders({{json::Step::member("Records")}})->make();
  std::vector<Span> spans;
  report("decode .Records (inflate and slice), small documents", repeats, small.size(), [&] {
    for (const auto& document : documents) decode_all(*decoder, document, window, spans);
    return 0;
  });
  report("inflate, gzip, stream", repeats, bytes, [&] {
    inflate_all(inflater, gz, window, nullptr);
    return 0;
  });
  report("  ISA-L directly", repeats, bytes, [&] {
    inflate_directly(*state, gz, window);
    return 0;
  });
  report("inflate, zstd, stream", repeats, bytes, [&] {
    inflate_all(inflater, zst, window, nullptr);
    return 0;
  });
  report("inflate, plain, stream", repeats, bytes, [&] {
    inflate_all(inflater, text, window, nullptr);
    return 0;
  });

  report("encode jsonl.gz, fast, blocks of 256 KiB", repeats, bytes,
         [&] { return encode_object(*gzip, text, nullptr); });
  report("  ISA-L level 2 directly, one stream", repeats, bytes,
         [&] { return deflate_directly(text, 2, window); });
  report("  ISA-L level 1 directly, one stream", repeats, bytes,
         [&] { return deflate_directly(text, 1, window); });
  report("encode jsonl.zst, level 1, blocks of 256 KiB", repeats, bytes,
         [&] { return encode_object(*zstd, text, nullptr); });
  std::string packed(ZSTD_compressBound(bytes), '\0');
  report("  libzstd level 1 directly, one call", repeats, bytes,
         [&] { return ZSTD_compress(packed.data(), packed.size(), text.data(), text.size(), 1); });
  report("encode jsonl", repeats, bytes, [&] { return encode_object(*plain, text, nullptr); });
  const std::string_view part = std::string_view(text).substr(0, 20 << 20);
  report("encode jsonl.gz, small, blocks of 256 KiB", std::min(repeats, 2), part.size(),
         [&] { return encode_object(*small_gzip, part, nullptr); });
  return 0;
}

}  // namespace
}  // namespace sluice

int main(int argc, char** argv) {
  const char* shared = std::getenv("SLUICE_SHARED");
  if (shared == nullptr) {
    std::printf("skipped: codec_bench needs ../shared/data\n");
    return 0;
  }
  return sluice::run(std::string(shared) + "/data/cloudtrail-sans504",
                     argc > 1 ? std::atoi(argv[1]) : 5);
}
