#include <doctest/doctest.h>
#include <unistd.h>
#include <zlib.h>
#include <zstd.h>

#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <functional>
#include <string>
#include <thread>
#include <vector>

#include "base/checksum.h"
#include "base/clock.h"
#include "codec/deflater.h"
#include "codec/gzip_encoder.h"
#include "codec/inflate.h"
#include "codec/plain_encoder.h"
#include "codec/zstd_encoder.h"

namespace sluice {
namespace {

std::string lines_of(size_t bytes) {
  Chance chance(3);
  std::string text;
  while (text.size() < bytes) {
    text += "{\"eventName\":\"Describe" + std::to_string(chance.below(50)) + "\",\"id\":\"" +
            std::to_string(chance.next()) + "\"}\n";
  }
  text.resize(bytes);
  return text;
}

std::string noise_of(size_t bytes) {
  Chance chance(7);
  std::string noise(bytes, '\0');
  for (char& c : noise) c = static_cast<char>(chance.next());
  return noise;
}

Encoded encode_block(const Encoder& encoder, Coil* coil, std::string_view text, bool final) {
  Encoded out{Buffer(encoder.encoded_bytes_max(text.size()))};
  REQUIRE(encoder.encode(coil, text, final, out).ok());
  CHECK(out.raw_bytes == text.size());
  CHECK(out.crc32 == crc32(text));
  return out;
}

// An object, block after block, as the sink makes it.
std::string encode_object(const Encoder& encoder, std::string_view text, size_t block_bytes) {
  const auto coil = encoder.coil();
  std::string object = encoder.header();
  uint32_t crc = 0;
  uint64_t raw = 0;
  do {
    const std::string_view block = text.substr(0, std::min(block_bytes, text.size()));
    text.remove_prefix(block.size());
    const Encoded out = encode_block(encoder, coil.get(), block, text.empty());
    object += out.bytes.view();
    crc = crc32_combine(crc, out.crc32, out.raw_bytes);
    raw += out.raw_bytes;
  } while (!text.empty());
  return object + encoder.trailer(crc, raw);
}

std::string inflate_all(std::string_view object) {
  Inflater inflater;
  std::string text, window(1 << 20, '\0');
  for (size_t written = 1; written > 0;) {
    auto step = inflater.step(object, true, window.data(), window.size());
    REQUIRE(step.ok());
    written = *step;
    text.append(window, 0, written);
  }
  CHECK(inflater.finished());
  CHECK(inflater.warnings().empty());
  return text;
}

// By zlib, which stops behind the first member.
std::string zlib_inflate_one_member(std::string_view object) {
  z_stream stream = {};
  REQUIRE(inflateInit2(&stream, 15 + 16) == Z_OK);
  std::string text, window(1 << 20, '\0');
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(object.data()));
  stream.avail_in = static_cast<uInt>(object.size());
  int answer = Z_OK;
  while (answer == Z_OK) {
    stream.next_out = reinterpret_cast<Bytef*>(window.data());
    stream.avail_out = static_cast<uInt>(window.size());
    answer = inflate(&stream, Z_NO_FLUSH);
    text.append(window, 0, window.size() - stream.avail_out);
  }
  CHECK(answer == Z_STREAM_END);
  CHECK(stream.avail_in == 0);
  inflateEnd(&stream);
  return text;
}

std::vector<std::unique_ptr<Encoder>> all_encoders() {
  std::vector<std::unique_ptr<Encoder>> all;
  all.push_back(make_gzip_encoder());
  all.push_back(make_gzip_encoder(GzipEffort::small));
  all.push_back(make_zstd_encoder());
  all.push_back(make_zstd_encoder({.level = 9}));
  all.push_back(make_plain_encoder());
  return all;
}

TEST_CASE("text of every odd size goes round, compressible or not") {
  const std::string lines = lines_of(600'000), noise = noise_of(600'000);
  for (const auto& encoder : all_encoders()) {
    CAPTURE(encoder->extension());
    for (const std::string& text : {lines, noise, std::string(600'000, 'x')}) {
      for (const size_t bytes : {0, 1, 2, 3, 15, 64, 255, 4095, 32'767, 32'769, 65'535, 65'536,
                                 131'071, 262'143, 262'144, 262'145, 524'288, 600'000}) {
        CAPTURE(bytes);
        const auto piece = std::string_view(text).substr(0, bytes);
        const std::string object = encode_object(*encoder, piece, encoder->block_bytes());
        CHECK(inflate_all(object) == piece);
        CHECK(object == encode_object(*encoder, piece, encoder->block_bytes()));
      }
    }
  }
}

TEST_CASE("blocks of any size make one object") {
  const std::string text = lines_of(50'000) + noise_of(3000) + lines_of(10'000);
  for (const auto& encoder : all_encoders()) {
    for (const size_t block_bytes : {777, 1009, 32'768, 50'001}) {
      CHECK(inflate_all(encode_object(*encoder, text, block_bytes)) == text);
    }
  }
}

TEST_CASE("a gzip object is one member, the same bytes each time, and carries no time") {
  const auto encoder = make_gzip_encoder();
  const std::string text = lines_of(1'000'000);
  const std::string object = encode_object(*encoder, text, encoder->block_bytes());
  CHECK(object.substr(0, 10) == std::string("\x1f\x8b\x08\0\0\0\0\0\x04\xff", 10));
  CHECK(zlib_inflate_one_member(object) == text);
  CHECK(encode_object(*make_gzip_encoder(), text, encoder->block_bytes()) == object);
  CHECK(zlib_inflate_one_member(encode_object(*encoder, "", 1)).empty());
  CHECK(object.size() * 3 < text.size());
}

TEST_CASE("gzip blocks made by several threads at once are those made one after the other") {
  const auto encoder = make_gzip_encoder();
  const std::string text = lines_of(4'000'000);
  const size_t block_bytes = encoder->block_bytes();
  const std::string serial = encode_object(*encoder, text, block_bytes);

  std::vector<Encoded> blocks((text.size() + block_bytes - 1) / block_bytes);
  std::vector<std::jthread> threads;
  for (size_t t = 0; t < 4; ++t) {
    threads.emplace_back([&, t] {
      for (size_t i = blocks.size() - 1 - t; i < blocks.size(); i -= 4) {
        const auto block = std::string_view(text).substr(i * block_bytes, block_bytes);
        blocks[i].bytes.grow(encoder->encoded_bytes_max(block.size()));
        ENSURE(encoder->encode(nullptr, block, false, blocks[i]).ok());
      }
    });
  }
  threads.clear();
  std::string object = encoder->header();
  uint32_t crc = 0;
  uint64_t raw = 0;
  for (const Encoded& block : blocks) {
    object += block.bytes.view();
    crc = crc32_combine(crc, block.crc32, block.raw_bytes);
    raw += block.raw_bytes;
  }
  CHECK(crc == crc32(text));
  CHECK(object + encoder->trailer(crc, raw) == serial);
}

// What a worker's compressor did before is chance: it depends on which worker was free.
TEST_CASE("the same text gives the same bytes whatever its compressor had before it") {
  const std::string lines = lines_of(600'000), noise = noise_of(262'144);
  Chance chance(11);
  for (const auto& encoder : all_encoders()) {
    for (const size_t bytes : {60, 250, 1000, 20'000, 262'144}) {
      const std::string text = lines.substr(0, bytes);
      const std::string alone = encode_object(*encoder, text, encoder->block_bytes());
      const int rounds = bytes > 100'000 ? 8 : 150;
      for (int round = 0; round < rounds; ++round) {
        const size_t before = 1 + chance.below(round % 3 == 0 ? 262'000 : 3 * bytes);
        const size_t shift = chance.below(300'000);
        const std::string history = round % 4 == 0 ? noise.substr(0, std::min(before, noise.size()))
                                    : round % 4 == 1 ? lines.substr(1 + chance.below(40), bytes)
                                    : round % 4 == 2 ? std::string(before, 'x')
                                                     : lines.substr(shift, before);
        encode_object(*encoder, history, encoder->block_bytes());
        REQUIRE(encode_object(*encoder, text, encoder->block_bytes()) == alone);
      }
    }
  }
}

// One in 128 places gave other bytes.
TEST_CASE("the same text gives the same bytes wherever its compressor lies in memory") {
  const std::string text = lines_of(250);
  std::string first, out(deflated_bytes_max(text.size()), '\0');
  std::vector<std::unique_ptr<char[]>> spacers;  // Where the last one was, none is again
  for (int i = 0; i < 5000; ++i) {
    out.resize(make_fast_deflater()->deflate(text, out.data()));
    if (first.empty()) first = out;
    CHECK((out == first));
    out.resize(deflated_bytes_max(text.size()));
    spacers.push_back(std::make_unique_for_overwrite<char[]>(80 << 10));
  }
}

TEST_CASE("several blocks may go into one buffer") {
  const std::string text = lines_of(100'000);
  for (const auto& encoder : all_encoders()) {
    const auto coil = encoder->coil();
    Encoded out{Buffer(2 * encoder->encoded_bytes_max(text.size()))};
    REQUIRE(encoder->encode(coil.get(), text, false, out).ok());
    REQUIRE(encoder->encode(coil.get(), text, true, out).ok());
    const std::string object = encoder->header() + std::string(out.bytes.view()) +
                               encoder->trailer(out.crc32, out.raw_bytes);
    CHECK(inflate_all(object) == text + text);
  }
}

TEST_CASE("the last block of an object may be empty") {
  const std::string text = lines_of(100'000);
  for (const auto& encoder : all_encoders()) {
    const auto coil = encoder->coil();
    std::string object = encoder->header();
    object += encode_block(*encoder, coil.get(), text, false).bytes.view();
    object += encode_block(*encoder, coil.get(), "", true).bytes.view();
    CHECK(inflate_all(object + encoder->trailer(crc32(text), text.size())) == text);
  }
}

TEST_CASE("no block outgrows what was said") {
  for (const auto& encoder : all_encoders()) {
    const std::string noise = noise_of(encoder->block_bytes());
    // encode() holds itself to its bound; noise comes nearest to it.
    for (size_t bytes = 0; bytes < 70; ++bytes)
      encode_object(*encoder, noise.substr(0, bytes), 1 << 20);
    const auto coil = encoder->coil();
    encode_block(*encoder, coil.get(), noise, false);
    encode_block(*encoder, coil.get(), noise, true);
  }
}

TEST_CASE("a zstd object is one frame with a checksum, and costs no more memory than it says") {
  const auto encoder = make_zstd_encoder();
  const std::string text = lines_of(1'000'000);
  const std::string object = encode_object(*encoder, text, encoder->block_bytes());
  CHECK(ZSTD_findFrameCompressedSize(object.data(), object.size()) == object.size());
  constexpr int checksum_flag = 1 << 2;
  CHECK((object[4] & checksum_flag) != 0);
  CHECK(encoder->coil_bytes() > (512 << 10));
  CHECK(encoder->coil_bytes() < (2 << 20));
}

// Runs a shell command over the object; answers what it printed, or nothing if it failed.
std::string through(const std::string& command, const std::string& object) {
  std::string name = std::filesystem::temp_directory_path() / "sluice_encoders_test_XXXXXX";
  const int file = mkstemp(name.data());
  if (file < 0) return "no temporary file";
  std::ofstream(name, std::ios::binary) << object;
  std::string printed;
  FILE* pipe = popen(("{ " + command + "; } < " + name + " 2>/dev/null").c_str(), "r");
  char piece[65'536];
  for (size_t size; (size = fread(piece, 1, sizeof piece, pipe)) > 0;) printed.append(piece, size);
  const int answer = pclose(pipe);
  close(file);
  std::filesystem::remove(name);
  return answer == 0 ? printed : "failed";
}

TEST_CASE("gzip, zstd and Python read what is written to its end") {
  const std::string text = lines_of(1'500'000);
  const std::string gz = encode_object(*make_gzip_encoder(), text, 256 << 10);
  const std::string zst = encode_object(*make_zstd_encoder(), text, 256 << 10);
  if (through("gzip --version", "").starts_with("gzip")) {
    CHECK(through("gzip -dc", gz) == text);
    CHECK(through("gzip -t && echo good", gz) == "good\n");
  } else {
    std::puts("skipped: gzip -t needs gzip");
  }
  if (through("zstd --version", "").starts_with("***")) {
    CHECK(through("zstd -dc", zst) == text);
  } else {
    std::puts("skipped: zstd -dc needs zstd");
  }
  if (through("python3 -c 'print(1)'", "") == "1\n") {
    const std::string one_object =
        "python3 -c 'import sys, zlib\n"
        "d = zlib.decompressobj(31)\n"
        "sys.stdout.buffer.write(d.decompress(sys.stdin.buffer.read()))\n"
        "sys.exit(0 if d.eof and not d.unused_data else 1)'";
    CHECK(through(one_object, gz) == text);
  } else {
    std::puts("skipped: zlib.decompressobj needs python3");
  }
}

}  // namespace
}  // namespace sluice
