#include "trail/generate.h"

#include <doctest/doctest.h>
#include <zlib.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <map>
#include <string>

namespace sluice {
namespace {

namespace fs = std::filesystem;

// A directory of its own for each test, gone afterwards.
class Scratch {
 public:
  Scratch() {
    std::string pattern = (fs::temp_directory_path() / "sluice-generate-XXXXXX").string();
    REQUIRE(::mkdtemp(pattern.data()) != nullptr);
    path_ = pattern;
  }
  ~Scratch() {
    std::error_code ignored;
    fs::remove_all(path_, ignored);
  }
  Scratch(const Scratch&) = delete;
  Scratch& operator=(const Scratch&) = delete;
  const std::string& path() const { return path_; }

  // Every file's bytes by its name below the directory.
  std::map<std::string, std::string> files() const {
    std::map<std::string, std::string> found;
    for (const auto& entry : fs::recursive_directory_iterator(path_)) {
      if (!entry.is_regular_file()) continue;
      std::ifstream file(entry.path(), std::ios::binary);
      found[fs::relative(entry.path(), path_).string()] = {std::istreambuf_iterator<char>(file),
                                                           {}};
    }
    return found;
  }

 private:
  std::string path_;
};

// Empty if the member doesn't end well.
std::string inflated(const std::string& packed) {
  std::string plain(1 << 20, '\0');
  z_stream stream{};
  REQUIRE(inflateInit2(&stream, 31) == Z_OK);
  std::string input = packed;
  stream.next_in = reinterpret_cast<Bytef*>(input.data());
  stream.avail_in = static_cast<uInt>(input.size());
  stream.next_out = reinterpret_cast<Bytef*>(plain.data());
  stream.avail_out = static_cast<uInt>(plain.size());
  const int end = inflate(&stream, Z_FINISH);
  plain.resize(stream.total_out);
  inflateEnd(&stream);
  return end == Z_STREAM_END ? plain : std::string();
}

size_t count(const std::string& text, std::string_view word) {
  size_t found = 0;
  for (size_t at = text.find(word); at != text.npos; at = text.find(word, at + 1)) ++found;
  return found;
}

TEST_CASE("A small day has as many objects and records as asked for, under CloudTrail's names") {
  Scratch scratch;
  GenerateOptions options;
  options.objects = 40;
  options.records = 150;
  options.accounts = 2;
  options.regions = 3;
  const Result<Generated> made = generate_cloudtrail(scratch.path(), options);
  REQUIRE(made.ok());
  CHECK(made->objects == 40);
  CHECK(made->records == 150);

  size_t records = 0;
  const auto files = scratch.files();
  CHECK(files.size() == 40);
  for (const auto& [name, bytes] : files) {
    CAPTURE(name);
    CHECK(name.starts_with("AWSLogs/"));
    CHECK(count(name, "/CloudTrail/") == 1);
    CHECK(count(name, "/2024/02/08/") == 1);
    CHECK(name.ends_with(".json.gz"));
    REQUIRE(bytes.size() > 10);
    CHECK(bytes[3] == 8);  // FLG: FNAME
    const std::string plain = inflated(bytes);
    CHECK(plain.starts_with(R"({"Records":[{"eventVersion":)"));
    CHECK(plain.ends_with("}]}"));
    CHECK(count(plain, "\n") == 0);
    records += count(plain, R"({"eventVersion":)");
  }
  CHECK(records == 150);
}

TEST_CASE("The same options give the same bytes; another seed gives others") {
  Scratch first, second, third;
  GenerateOptions options;
  options.objects = 20;
  options.records = 60;
  REQUIRE(generate_cloudtrail(first.path(), options).ok());
  REQUIRE(generate_cloudtrail(second.path(), options).ok());
  CHECK(first.files() == second.files());
  options.seed = 2;
  REQUIRE(generate_cloudtrail(third.path(), options).ok());
  CHECK(first.files() != third.files());
}

TEST_CASE("A day of several is the day made alone, and over a month's end") {
  Scratch both, alone;
  GenerateOptions options;
  options.objects = 8;
  options.records = 20;
  options.day = "2024-02-29";
  options.days = 2;
  REQUIRE(generate_cloudtrail(both.path(), options).ok());
  options.day = "2024-03-01";
  options.days = 1;
  REQUIRE(generate_cloudtrail(alone.path(), options).ok());
  const auto of_both = both.files();
  CHECK(of_both.size() == 16);
  for (const auto& [name, bytes] : alone.files()) CHECK(of_both.at(name) == bytes);
}

TEST_CASE("A whole day has CloudTrail's sizes: 44 % of the objects under 1,000 bytes, 0.7 % late") {
  Scratch scratch;
  const Result<Generated> made = generate_cloudtrail(scratch.path(), {});
  REQUIRE(made.ok());
  CHECK(made->objects == 3'911);
  CHECK(made->records == 17'648);
  CHECK(made->bytes_plain > 17'000'000);
  CHECK(made->bytes_plain < 25'000'000);
  CHECK(made->records_late > 17'648 * 3 / 1000);
  CHECK(made->records_late < 17'648 * 12 / 1000);
  size_t small = 0, largest = 0, smallest = SIZE_MAX;
  for (const auto& entry : fs::recursive_directory_iterator(scratch.path())) {
    if (!entry.is_regular_file()) continue;
    small += entry.file_size() < 1'000 ? 1 : 0;
    largest = std::max<size_t>(largest, entry.file_size());
    smallest = std::min<size_t>(smallest, entry.file_size());
  }
  CHECK(small > 3'911 * 43 / 100);
  CHECK(small < 3'911 * 45 / 100);
  CHECK(largest > 30'000);
  CHECK(smallest > 300);
}

TEST_CASE("Bad things come only when asked for, so many as asked for") {
  Scratch scratch;
  GenerateOptions options;
  options.objects = 30;
  options.records = 90;
  options.organisation = "o-a1b2c3d4e5";
  options.duplicates = 3;
  options.truncated = 2;
  options.strays = 1;
  options.digests = 1;
  const Result<Generated> made = generate_cloudtrail(scratch.path(), options);
  REQUIRE(made.ok());
  CHECK(made->objects == 30 + 3 + 1 + 1);
  std::map<std::string, int> plains;
  int broken = 0, without_records = 0, digests = 0;
  for (const auto& [name, bytes] : scratch.files()) {
    CHECK(name.starts_with("AWSLogs/o-a1b2c3d4e5/"));
    const std::string plain = inflated(bytes);
    broken += plain.empty() ? 1 : 0;
    digests += count(name, "/CloudTrail-Digest/") == 1 ? 1 : 0;
    without_records += !plain.empty() && count(plain, "\"Records\"") == 0 ? 1 : 0;
    if (!plain.empty()) ++plains[plain];
  }
  CHECK(broken == 2);
  CHECK(digests == 1);
  CHECK(without_records == 2);
  int twice = 0;
  for (const auto& [plain, times] : plains) twice += times == 2 ? 1 : 0;
  CHECK(twice == 3);
}

TEST_CASE("Options that can't be met are refused in words") {
  Scratch scratch;
  GenerateOptions options;
  options.day = "2024-02-30";
  CHECK(generate_cloudtrail(scratch.path(), options).error().message ==
        R"(day "2024-02-30": expected one like 2024-02-08)");
  options = {};
  options.records = 3'910;
  CHECK(generate_cloudtrail(scratch.path(), options).error().kind == ErrorKind::invalid);
  options = {};
  options.regions = 18;
  CHECK(generate_cloudtrail(scratch.path(), options).error().kind == ErrorKind::invalid);
  CHECK(scratch.files().empty());
}

TEST_CASE("A day as full or as empty as it can be still adds up") {
  for (const uint64_t records : {5ULL, 7ULL, 999ULL, 1'000ULL}) {
    Scratch scratch;
    GenerateOptions options;
    options.objects = 5;
    options.records = records;
    const Result<Generated> made = generate_cloudtrail(scratch.path(), options);
    REQUIRE(made.ok());
    CHECK(made->records == records);
  }
}

}  // namespace
}  // namespace sluice
