#include "codec/inflate.h"

#include <doctest/doctest.h>
#include <zlib.h>
#include <zstd.h>

#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <map>
#include <string>

#include "base/clock.h"

namespace sluice {
namespace {

// One gzip member by zlib: another pair of eyes than ISA-L's.
std::string gzip(std::string_view text, int level = 6, const char* name = nullptr,
                 bool header_crc = false) {
  z_stream stream = {};
  REQUIRE(deflateInit2(&stream, level, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY) == Z_OK);
  gz_header header = {};
  std::string extra = "\x41\x42\x04\x00 ext";
  if (name != nullptr) {
    header.name = reinterpret_cast<Bytef*>(const_cast<char*>(name));
    header.extra = reinterpret_cast<Bytef*>(extra.data());
    header.extra_len = static_cast<uInt>(extra.size());
    header.hcrc = header_crc ? 1 : 0;
    REQUIRE(deflateSetHeader(&stream, &header) == Z_OK);
  }
  std::string out(deflateBound(&stream, text.size()) + 512, '\0');
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(text.data()));
  stream.avail_in = static_cast<uInt>(text.size());
  stream.next_out = reinterpret_cast<Bytef*>(out.data());
  stream.avail_out = static_cast<uInt>(out.size());
  REQUIRE(deflate(&stream, Z_FINISH) == Z_STREAM_END);
  out.resize(stream.total_out);
  deflateEnd(&stream);
  return out;
}

std::string zstd(std::string_view text, int level = 1, int window_log = 0) {
  ZSTD_CCtx* context = ZSTD_createCCtx();
  ZSTD_CCtx_setParameter(context, ZSTD_c_compressionLevel, level);
  ZSTD_CCtx_setParameter(context, ZSTD_c_checksumFlag, 1);
  if (window_log > 0) ZSTD_CCtx_setParameter(context, ZSTD_c_windowLog, window_log);
  std::string out(ZSTD_compressBound(text.size()) + 64, '\0');
  const size_t size = ZSTD_compress2(context, out.data(), out.size(), text.data(), text.size());
  REQUIRE_FALSE(ZSTD_isError(size));
  out.resize(size);
  ZSTD_freeCCtx(context);
  return out;
}

struct Outcome {
  std::string text;
  std::string error;
  std::vector<std::string> warnings;
  std::string rest_lost = {};
  bool operator==(const Outcome&) const = default;
};

// Feeds `in_bytes` at a time into windows of `out_bytes`.
Outcome inflate_with(Inflater& inflater, std::string_view whole, size_t in_bytes = SIZE_MAX,
                     size_t out_bytes = 1 << 16) {
  Outcome outcome;
  std::vector<char> window(out_bytes);
  for (;;) {
    std::string_view piece = whole.substr(0, std::min(in_bytes, whole.size()));
    whole.remove_prefix(piece.size());
    for (;;) {
      auto written = inflater.step(piece, whole.empty(), window.data(), window.size());
      if (!written) {
        CHECK(written.error().kind == ErrorKind::corrupt);
        CHECK_FALSE(inflater.finished());
        CHECK(outcome.text.size() == inflater.inflated());
        outcome.error = written.error().message;
        return outcome;
      }
      outcome.text.append(window.data(), *written);
      if (*written == 0 || inflater.finished()) break;
    }
    if (!piece.empty()) FAIL("input left");
    if (whole.empty()) break;
  }
  CHECK(inflater.finished());
  outcome.warnings = inflater.warnings();
  outcome.rest_lost = inflater.rest_lost().value_or("");
  return outcome;
}

Outcome inflate_all(std::string_view whole, size_t in_bytes = SIZE_MAX,
                    size_t out_bytes = 1 << 16) {
  Inflater inflater;
  return inflate_with(inflater, whole, in_bytes, out_bytes);
}

std::string text_of(size_t bytes, uint64_t seed = 1) {
  Chance chance(seed);
  std::string text;
  while (text.size() < bytes) {
    text += "{\"eventName\":\"Describe" + std::to_string(chance.below(50)) + "\",\"id\":\"" +
            std::to_string(chance.next()) + "\"},";
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

std::string read_whole(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

TEST_CASE("the format is known by the first bytes, also when they come one at a time") {
  const std::map<std::string, std::string> wholes = {
      {"", ""},
      {"\x1f", "\x1f"},
      {"\x28", "\x28"},
      {"\x28\xb5\x2f", "\x28\xb5\x2f"},
      {"P*M", "P*M"},
      {"a", "a"},
      {"\x1f\x1f\x8b", "\x1f\x1f\x8b"},
      {"[1]", "[1]"},
      {gzip("hello"), "hello"},
      {zstd("hello"), "hello"},
      {gzip(""), ""},
      {zstd(""), ""},
  };
  for (const auto& [whole, text] : wholes) {
    for (const size_t in_bytes : {1, 2, 3, 4, 5, 1000}) {
      for (const size_t out_bytes : {1, 2, 3, 1000}) {
        const Outcome outcome = inflate_all(whole, in_bytes, out_bytes);
        CHECK(outcome.error == "");
        CHECK(outcome.text == text);
      }
    }
  }
}

TEST_CASE("members and frames follow each other, empty and stored ones too, however they are cut") {
  const std::string a = text_of(70'000), b = noise_of(40'000), c = text_of(3, 5);
  const std::string members = gzip(a) + gzip("") + gzip(b, 0) + gzip(c, 9, "name.json", true) +
                              gzip("", 0) + gzip(b) + gzip(std::string(200'000, 'x'));
  const std::string frames = zstd(a) + zstd("") + zstd(b) +
                             std::string("\x53\x2a\x4d\x18\x03\0\0\0abc", 11) + zstd(c) +
                             zstd(std::string(200'000, 'x'), 19);
  const std::string plain_members = a + b + c + b + std::string(200'000, 'x');
  const std::string plain_frames = a + b + c + std::string(200'000, 'x');
  Inflater inflater;
  for (const size_t in_bytes : {61, 1000, 65'536, 10'000'000}) {
    for (const size_t out_bytes : {1000, 32'768, 100'001, 1'000'000}) {
      CAPTURE(in_bytes);
      CAPTURE(out_bytes);
      inflater.reset();
      CHECK(inflate_with(inflater, members, in_bytes, out_bytes) == Outcome{plain_members, "", {}});
      inflater.reset();
      CHECK(inflate_with(inflater, frames, in_bytes, out_bytes) == Outcome{plain_frames, "", {}});
      inflater.reset();
      CHECK(inflate_with(inflater, a, in_bytes, out_bytes) == Outcome{a, "", {}});
    }
  }
}

TEST_CASE("a gzip header with everything in it may be split anywhere") {
  const std::string whole = gzip("hello", 6, "a name, long enough to be split", true);
  for (size_t cut = 1; cut < whole.size(); ++cut) {
    Inflater inflater;
    std::string_view first = std::string_view(whole).substr(0, cut);
    std::string_view second = std::string_view(whole).substr(cut);
    char out[64];
    size_t size = 0;
    for (auto* piece : {&first, &second}) {
      size_t written = 1;
      while (written > 0) {
        auto step = inflater.step(*piece, piece == &second, out + size, sizeof out - size);
        REQUIRE(step.ok());
        written = *step;
        size += written;
      }
    }
    CHECK(inflater.finished());
    CHECK(std::string_view(out, size) == "hello");
  }
}

TEST_CASE("zero padding behind a whole member is ignored, with a warning") {
  const std::string whole = gzip("hello");
  using namespace std::string_literals;
  for (const size_t in_bytes : {1, 3, 1000}) {
    CHECK(inflate_all(whole + std::string(512, '\0'), in_bytes) ==
          Outcome{"hello", "", {"512 zero bytes behind a gzip member ignored"}});
    CHECK(inflate_all(whole + "\0\0"s + gzip(" there"), in_bytes) ==
          Outcome{"hello there", "", {"2 zero bytes behind a gzip member ignored"}});
  }
}

TEST_CASE("behind a damaged member's beginning all is lost, said so, and what came before stands") {
  const std::string whole = gzip("hello"), next = gzip(" there", 6, "a long name", true);
  using namespace std::string_literals;
  const std::string at = "gzip: compressed byte " + std::to_string(whole.size());
  const std::string none = at + " begins no gzip member (inflated byte 5)";
  for (const size_t in_bytes : {1, 3, 1000}) {
    CHECK(inflate_all(whole + "junk", in_bytes) == Outcome{"hello", "", {}, none});
    CHECK(inflate_all(whole + "\x1f\x1f\x8b", in_bytes) == Outcome{"hello", "", {}, none});
    CHECK(inflate_all(whole + "\0\0junk"s, in_bytes) ==
          Outcome{"hello",
                  "",
                  {"2 zero bytes behind a gzip member ignored"},
                  "gzip: compressed byte " + std::to_string(whole.size() + 2) +
                      " begins no gzip member (inflated byte 5)"});
    const auto damaged = [&](size_t byte, std::string member = gzip(" there")) {
      member[byte] = static_cast<char>(member[byte] ^ 0xa0);
      return inflate_all(whole + member + next, in_bytes);
    };
    CHECK(damaged(0) == Outcome{"hello", "", {}, none});
    CHECK(damaged(1) == Outcome{"hello", "", {}, none});
    const std::string header = at + " begins a member whose header ";
    CHECK(damaged(2) ==
          Outcome{"hello", "", {}, header + "names an unknown method (inflated byte 5)"});
    CHECK(damaged(3).rest_lost == header + "has reserved flags (inflated byte 5)");
    CHECK(damaged(20, next).rest_lost == header + "has a wrong checksum (inflated byte 5)");
    CHECK_FALSE(damaged(next.size() - 5, next).error.empty());  // Its CRC: the member had begun
  }
}

TEST_CASE("gzip that is cut short is corrupt at any cut, and what came before it is given") {
  const std::string text = text_of(2000);
  const std::string one = gzip(text);
  const std::string two = one + gzip("second", 6, "x", true);
  for (size_t size = 2; size < two.size(); ++size) {
    if (size == one.size()) continue;
    CAPTURE(size);
    const Outcome outcome = inflate_all(std::string_view(two).substr(0, size), 100, 777);
    CHECK(outcome.error.starts_with(
        "gzip: truncated: the member at compressed byte " +
        std::string(size < one.size() ? "0" : std::to_string(one.size())) +
        " does not end (compressed byte " + std::to_string(size)));
    CHECK((text + "second").starts_with(outcome.text));
    if (size >= one.size()) CHECK(outcome.text.size() >= text.size());
  }
}

TEST_CASE("zstd that is cut short is corrupt at any cut, and what came before it is given") {
  const std::string text = text_of(300'000);
  const std::string one = zstd(text);
  const std::string two = one + zstd("second");
  for (size_t size = 4; size < two.size(); size += size < one.size() ? 997 : 1) {
    if (size == one.size()) continue;
    CAPTURE(size);
    const Outcome outcome = inflate_all(std::string_view(two).substr(0, size), 5000);
    CHECK(outcome.error.starts_with("zstd: truncated: the frame at compressed byte "));
    CHECK((text + "second").starts_with(outcome.text));
    if (size >= one.size()) CHECK(outcome.text.size() >= text.size());
  }
}

TEST_CASE("a wrong CRC, a wrong size and a broken byte are told apart") {
  const std::string text = text_of(1000);
  std::string whole = gzip(text);
  whole[whole.size() - 8] ^= 1;
  CHECK(inflate_all(whole).error ==
        "gzip: the CRC of the member at compressed byte 0 is wrong (compressed byte " +
            std::to_string(whole.size()) + ", inflated byte 1000)");
  whole = gzip(text);
  whole[whole.size() - 4] ^= 1;
  CHECK(inflate_all(whole).error ==
        "gzip: the size (ISIZE) of the member at compressed byte 0 is wrong (compressed byte " +
            std::to_string(whole.size()) + ", inflated byte 1000)");
  whole = gzip(text);
  whole[2] = 7;
  CHECK(inflate_all(whole).error.starts_with("gzip: a member's header names an unknown method"));
  whole = gzip(text);
  whole[3] = '\x80';
  CHECK(inflate_all(whole).error.starts_with("gzip: a member's header has reserved flags"));
  whole = gzip(text, 6, "name", true);
  whole[20] ^= 1;
  CHECK(inflate_all(whole).error.starts_with("gzip: a member's header has a wrong checksum"));
  whole = gzip(text);
  whole[10] = '\x07';
  CHECK(inflate_all(whole).error.starts_with("gzip: a member's data is invalid"));
  whole = zstd(text);
  whole[whole.size() - 1] ^= 1;
  const Outcome outcome = inflate_all(whole);
  CHECK(outcome.error.starts_with("zstd: "));
  CHECK(outcome.text == text);
  CHECK(inflate_all(zstd(text) + "junk").error.find("is no zstd frame") != std::string::npos);
}

TEST_CASE("bytes in front of a fault come out whatever the size of the window") {
  std::string whole = gzip(text_of(200'000));
  whole[whole.size() / 2] ^= 0x55;
  const Outcome outcome = inflate_all(whole);
  REQUIRE_FALSE(outcome.error.empty());
  CHECK(outcome.text.size() > 80'000);
  for (const size_t out_bytes : {100, 40'000, 70'000, 1'000'000}) {
    for (const size_t in_bytes : {61, 1000, 1'000'000}) {
      CHECK(inflate_all(whole, in_bytes, out_bytes) == outcome);
    }
  }
}

TEST_CASE("a document that swells past both limits is a bomb from that byte on") {
  const std::string zeros(3'000'000, '\0');
  for (const std::string& whole : {gzip(zeros, 9), zstd(zeros)}) {
    Inflater careful({.swell_ratio_max = 100, .swell_bytes_max = 1'000'000});
    const Outcome outcome = inflate_with(careful, whole);
    CHECK(outcome.error.starts_with("swells to over 100 times its size"));
    CHECK(outcome.text.size() > 1'000'000);
    CHECK(outcome.text.size() < 1'100'000);
    Inflater patient({.swell_ratio_max = 100'000, .swell_bytes_max = 1'000'000});
    CHECK(inflate_with(patient, whole).text == zeros);
    Inflater roomy({.swell_ratio_max = 100, .swell_bytes_max = 4'000'000});
    CHECK(inflate_with(roomy, whole).text == zeros);
  }
}

// libzstd looks for magics of old formats wherever a piece of a bad header begins.
TEST_CASE("a zstd frame with the reserved bit set is corrupt, at once and in pieces alike") {
  using namespace std::string_literals;
  for (const std::string& whole : {"\x28\xb5\x2f\xfd\x28\x25\xb5\x2f\xfd\0\0\0\0"s, zstd("hello"),
                                   zstd("first") + zstd("hello")}) {
    std::string bad = whole;
    const size_t frame = bad.rfind("\x28\xb5\x2f\xfd"s);
    bad[frame + 4] = static_cast<char>(bad[frame + 4] | 0x08);
    for (const size_t in_bytes : {1, 2, 3, 4, 5, 6, 7, 1000}) {
      CAPTURE(in_bytes);
      CHECK(inflate_all(bad, in_bytes)
                .error.starts_with("zstd: the frame at compressed byte " + std::to_string(frame) +
                                   " has its header's reserved bit set"));
    }
  }
}

TEST_CASE("an old zstd format behind a frame is no frame, at once and in pieces alike") {
  using namespace std::string_literals;
  for (const size_t in_bytes : {1, 4, 5, 1000}) {
    CHECK(inflate_all(zstd("hello") + "\x25\xb5\x2f\xfd\0\0\0\0"s, in_bytes)
              .error.find("is no zstd frame") != std::string::npos);
  }
}

TEST_CASE("a zstd window above 8 MiB is refused, one of 8 MiB is not") {
  const std::string text = text_of(9'500'000);
  CHECK(inflate_all(zstd(text, 1, 23)).text == text);
  const std::string refused = inflate_all(zstd(text, 1, 24)).error;
  CHECK(refused.find("needs a window above 8 MiB") != std::string::npos);
}

TEST_CASE("what inflating needs is told by the frames before it begins, and let go behind it") {
  const std::string text = text_of(9'500'000);
  for (const int window_log : {10, 17, 20, 23}) {
    const std::string small = zstd("hello"), large = zstd(text, 1, window_log);
    for (const std::string& frames : {large, small + large, large + small}) {
      Inflater inflater;
      inflate_with(inflater, frames);
      CAPTURE(window_log);
      CHECK(inflater.memory_bytes() <= inflater_state_bytes(frames));
      CHECK(inflater.memory_bytes() + (512 << 10) > inflater_state_bytes(frames));
      // Large windows are not kept for the next document.
      inflater.reset();
      CHECK(inflater.memory_bytes() < (1 << 20));
    }
  }
  // A window isn't larger than its text.
  CHECK(inflater_state_bytes(zstd(text_of(20'000))) < (1 << 20));
  // One that is refused is never there; gzip and plain text have none to speak of.
  CHECK(inflater_state_bytes(zstd(text, 1, 24)) == 0);
  CHECK(inflater_state_bytes(gzip(text)) == 0);
  CHECK(inflater_state_bytes(text) == 0);
}

TEST_CASE("the hint is what the last member or the first frame says, or nothing") {
  const std::string text = text_of(100'000);
  CHECK(inflated_size_hint(gzip(text)) == text.size());
  CHECK(inflated_size_hint(gzip(noise_of(100'000))) == 100'000);
  CHECK(inflated_size_hint(zstd(text)) == text.size());
  CHECK(inflated_size_hint(text) == text.size());
  CHECK(inflated_size_hint("") == 0);
  CHECK(inflated_size_hint("\x1f\x8b") == 0);
  CHECK(inflated_size_hint(gzip(text) + std::string(4, '\0')) == 0);
  CHECK(inflated_size_hint(gzip(text) + std::string(4, '\xff')) == 0);
  CHECK(inflated_size_hint("\x28\xb5\x2f\xfd") == 0);
}

TEST_CASE("every tool's gzip of one payload gives that payload") {
  const char* shared = std::getenv("SLUICE_SHARED");
  const std::string folder = shared == nullptr ? "" : std::string(shared) + "/data/gzip/";
  if (shared == nullptr || read_whole(folder + "flate2-rs/multi.gz").empty()) {
    std::puts("skipped: the gzip variants need ../shared/data");
    return;
  }
  size_t variants = 0;
  Inflater inflater;
  const auto check = [&](const std::string& packed, const std::string& plain) {
    const std::string whole = read_whole(folder + packed);
    if (whole.empty()) return;  // No such variant
    CAPTURE(packed);
    ++variants;
    for (const size_t in_bytes : {size_t{1}, size_t{1000}, SIZE_MAX}) {
      if (in_bytes == 1 && whole.size() > 3000) continue;
      for (const size_t out_bytes : {1000, 65'536, 1'000'000}) {
        inflater.reset();
        CHECK(inflate_with(inflater, whole, in_bytes, out_bytes) == Outcome{plain, "", {}});
      }
    }
  };
  for (const std::string name :
       {"1B", "256B-extended-ASCII-table-in-utf8-dynamic-Huffman",
        "256B-extended-ASCII-table-uncompressed", "32A-fixed-Huffman", "base64-32KiB",
        "dolorem-ipsum.txt", "empty", "numbers-10,65-90", "zeros"}) {
    const std::string plain = read_whole(folder + "rapidgzip/" + name);
    for (const char* extension : {".gz", ".bgz", ".igz", ".migz", ".pgzf", ".pigz"}) {
      check("rapidgzip/" + name + extension, plain);
    }
  }
  check("rapidgzip/0CL.pigz", inflate_all(read_whole(folder + "rapidgzip/0CL.pigz")).text);
  check("flate2-rs/good-file.gz", read_whole(folder + "flate2-rs/good-file.txt"));
  check("flate2-rs/multi.gz", read_whole(folder + "flate2-rs/multi.txt"));
  CHECK(variants > 50);
}

}  // namespace
}  // namespace sluice
