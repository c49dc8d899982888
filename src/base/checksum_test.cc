#include "base/checksum.h"

#include <doctest/doctest.h>

#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <sstream>

#include "base/hash.h"

namespace sluice {

TEST_CASE("the check values of CRC-32 and CRC-32C") {
  CHECK(crc32("123456789") == 0xCBF43926);
  CHECK(crc32c("123456789") == 0xE3069283);
  CHECK(crc32c("") == 0);
  // RFC 3720, appendix B.4
  CHECK(crc32c(std::string(32, '\0')) == 0x8A9136AA);
  CHECK(crc32c(std::string(32, '\xFF')) == 0x62A8AB43);
}

TEST_CASE("the published vectors hold") {
  const char* shared = std::getenv("SLUICE_SHARED");
  std::ifstream file(std::string(shared ? shared : "") + "/data/checksum-vectors/vectors.json");
  if (shared == nullptr || !file) {
    std::puts("skipped: the published checksums need ../shared/data");
    return;
  }
  std::stringstream all;
  all << file.rdbuf();
  const std::string text = all.str();
  const auto word = [&](std::string_view key, size_t& at) {
    at = text.find("\"" + std::string(key) + "\": \"", at) + key.size() + 5;
    return text.substr(at, text.find('"', at) - at);
  };
  int vectors = 0;
  for (size_t at = 0; text.find("\"input\"", at) != std::string::npos; ++vectors) {
    std::string input = word("input", at);
    if (word("encoding", at) == "hex") {
      std::string bytes;
      for (size_t i = 0; i < input.size(); i += 2) {
        bytes += static_cast<char>(std::stoi(input.substr(i, 2), nullptr, 16));
      }
      input = bytes;
    }
    CHECK(crc32(input) == std::stoul(word("crc32", at), nullptr, 16));
    CHECK(crc32c(input) == std::stoul(word("crc32c", at), nullptr, 16));
  }
  CHECK(vectors == 3);
}

TEST_CASE("a checksum goes on where the last one ended, and two can be put together") {
  std::string text;
  for (int i = 0; i < 3000; ++i) text += static_cast<char>(i * 7 + i / 13);
  for (const size_t cut : {0u, 1u, 7u, 64u, 1000u, 2999u, 3000u}) {
    const std::string_view a = std::string_view(text).substr(0, cut);
    const std::string_view b = std::string_view(text).substr(cut);
    CHECK(crc32(b, crc32(a)) == crc32(text));
    CHECK(crc32c(b, crc32c(a)) == crc32c(text));
    CHECK(crc32_combine(crc32(a), crc32(b), b.size()) == crc32(text));
    CHECK(crc32c_combine(crc32c(a), crc32c(b), b.size()) == crc32c(text));
  }
}

TEST_CASE("checksums are combined over lengths beyond 32 bits") {
  // 2^33 zero bytes, by doubling: f(2n) = combine(f(n), f(n), n).
  uint32_t zeros = crc32c(std::string(1 << 20, '\0'));
  uint32_t gzip_zeros = crc32(std::string(1 << 20, '\0'));
  for (uint64_t bytes = 1 << 20; bytes < uint64_t{1} << 33; bytes *= 2) {
    zeros = crc32c_combine(zeros, zeros, bytes);
    gzip_zeros = crc32_combine(gzip_zeros, gzip_zeros, bytes);
  }
  CHECK(zeros != 0);
  CHECK(crc32c_combine(zeros, 0, 0) == zeros);
  CHECK(
      crc32c_combine(crc32c("a"), crc32c_combine(zeros, crc32c("b"), 1), (uint64_t{1} << 33) + 1) ==
      crc32c_combine(crc32c_combine(crc32c("a"), zeros, uint64_t{1} << 33), crc32c("b"), 1));
  CHECK(gzip_zeros != 0);
}

TEST_CASE("CRCs are written as S3 wants them") {
  CHECK(crc_to_base64(0xE3069283) == "4waSgw==");
  CHECK(crc_to_base64(0) == "AAAAAA==");
  for (const uint32_t crc : {0u, 1u, 0xFFFFFFFFu, 0xE3069283u, 0x80000000u}) {
    CHECK(crc_from_base64(crc_to_base64(crc)) == crc);
  }
  for (const char* text : {"", "4waSgw=", "4waSgx==", "4waS!w==", "4waSgwAA", "AAAA"}) {
    CHECK_FALSE(crc_from_base64(text));
  }
}

TEST_CASE("base 64 as in RFC 4648") {
  CHECK(base64("") == "");
  CHECK(base64("f") == "Zg==");
  CHECK(base64("fo") == "Zm8=");
  CHECK(base64("foo") == "Zm9v");
  CHECK(base64("foobar") == "Zm9vYmFy");
}

TEST_CASE("hashes are XXH3's") {
  CHECK(to_hex(hash128("")) == "99aa06d3014798d86001c324468d497f");
  CHECK(hash128("a") != hash128("b"));
  CHECK(hash64("a") != hash64("b"));
}

TEST_CASE("CRC-64/NVME is the catalogue's, in one go or piece by piece") {
  CHECK(crc64nvme("123456789") == 0xAE8B14860A799888ULL);  // reveng's check value
  const std::string text = "what S3 takes for the checksum of a whole object";
  for (size_t cut = 0; cut <= text.size(); ++cut)
    CHECK(crc64nvme(text.substr(cut), crc64nvme(text.substr(0, cut))) == crc64nvme(text));
  CHECK(crc64_to_base64(0xAE8B14860A799888ULL) == "rosUhgp5mIg=");
}

}  // namespace sluice
