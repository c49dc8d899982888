// Every format there is, from record to committed object and back by a reader that isn't ours. A
// new format is tried without being listed here; without an independent reader (unpacked.h) it
// fails.
#include <doctest/doctest.h>

#include <algorithm>

#include "base/text.h"
#include "sink/lake.h"
#include "unpacked.h"
#include "world.h"

namespace sluice {
namespace {

// Lines that compress as logs do, but don't repeat.
std::string lines_of(size_t bytes, uint64_t seed) {
  Chance chance(seed);
  std::string text;
  while (text.size() < bytes) {
    text += R"({"eventName":"Describe)" + std::to_string(chance.below(50)) + R"(","id":")" +
            std::to_string(chance.next()) + R"(","p":")" + std::to_string(chance.below(3)) +
            "\"}\n";
  }
  return text;
}

// A sum that doesn't depend on the order of places.
std::vector<std::string> sorted_lines(std::string_view text) {
  std::vector<std::string> lines;
  for (const std::string_view line : split(text, '\n')) lines.emplace_back(line);
  std::sort(lines.begin(), lines.end());
  return lines;
}

// All text of a world's data objects, read to their ends.
std::string read_whole(const World& world) {
  std::string text;
  for (const auto& [key, object] : world.objects()) {
    const auto unpacked_text = unpacked(key, object);
    CAPTURE(key);
    if (!unpacked_text.ok()) FAIL_CHECK(unpacked_text.error().message);
    if (unpacked_text.ok()) text += *unpacked_text;
  }
  return text;
}

std::string job(const std::string& format, const std::string& more = "") {
  return "name: formats\nsource: { objects: \"in/\" }\ndecode: jsonl\nsink: { lake: \"lake/\", "
         "format: " +
         format + more + " }\n";
}

// Where two worlds' objects begin to differ, and how much of each is left; empty: nowhere.
std::string difference(const std::map<std::string, std::string>& a,
                       const std::map<std::string, std::string>& b) {
  for (const auto& [key, bytes] : a) {
    const auto found = b.find(key);
    if (found == b.end()) return key + " is in one of them only";
    const auto& other = found->second;
    const auto [here, there] = std::ranges::mismatch(bytes, other);
    if (here == bytes.end() && there == other.end()) continue;
    return key + " from byte " + std::to_string(here - bytes.begin()) + " on, of " +
           std::to_string(bytes.size()) + " and " + std::to_string(other.size());
  }
  return a.size() == b.size() ? "" : "there are more of one than of the other";
}

// The least share with which `check` lets a format through.
std::string least_share(const std::string& format) {
  const Job parsed = parse_job("job.yaml", job(format), {}, {}, all_parts()).value();
  const auto encoder = parsed.format.part()->make_encoder(parsed.format).value();
  return std::to_string(sink_share_bytes_min_of(*encoder));
}

// Lines that no compressor makes shorter by much.
std::string noisy_lines(size_t lines, size_t line_bytes) {
  constexpr std::string_view letters =
      "0123456789-_abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ";
  Chance chance(5);
  std::string text;
  for (size_t i = 0; i < lines; ++i) {
    text += R"({"x":")";
    for (size_t k = 0; k < line_bytes; ++k) text += letters[chance.below(64)];
    text += "\"}\n";
  }
  return text;
}

std::vector<std::string> all_formats() {
  std::vector<std::string> formats;
  for (const std::string_view name : all_parts().names(Role::format)) formats.emplace_back(name);
  formats.emplace_back("{ jsonl.gz: { level: small } }");
  formats.emplace_back("{ jsonl.zst: { level: 9 } }");
  return formats;
}

}  // namespace

TEST_CASE("an object of any size is read whole by others, however many workers made it") {
  for (const size_t bytes : {100, 200'000, 700'000, 2'000'000, 5'000'000}) {
    const std::string text = lines_of(bytes, bytes);
    for (const std::string& format : all_formats()) {
      if (bytes > 2'000'000 && format.starts_with("{")) continue;  // Slow ones
      const std::string share = ", share: " + least_share(format);
      std::map<std::string, std::string> first;
      for (const unsigned threads : {1U, 2U, 4U}) {
        CAPTURE(bytes);
        CAPTURE(format);
        CAPTURE(threads);
        World world;
        world.threads = threads;
        world.give("1.jsonl", text);
        const auto report = world.run(job(format, share));
        REQUIRE(report.ok());
        CHECK(report->exit_code(false) == 0);
        CHECK(world.objects().size() == 1);
        CHECK(read_whole(world) == text);
        if (first.empty()) first = world.objects();
        CHECK(difference(world.objects(), first) == "");
      }
    }
  }
}

TEST_CASE(
    "text that hardly shrinks gets through the least share there is, in records of any size") {
  const std::string text = noisy_lines(40, 100'000) + noisy_lines(3, 2'000'000);
  for (const std::string& format : all_formats()) {
    CAPTURE(format);
    World world;
    world.give("1.jsonl", text);
    const auto report = world.run(job(format, ", share: " + least_share(format)));
    REQUIRE(report.ok());
    CHECK(report->exit_code(false) == 0);
    CHECK(read_whole(world) == text);
  }
}

TEST_CASE("many objects that are made at once, and roll, are each read whole by others") {
  std::string all;
  std::vector<std::string> documents;
  for (uint64_t i = 0; i < 40; ++i) all += documents.emplace_back(lines_of(100'000, i + 1));
  for (const std::string& format : all_formats()) {
    const std::string share = least_share(format);
    for (const unsigned threads : {2U, 4U}) {
      CAPTURE(format);
      CAPTURE(threads);
      World world;
      world.threads = threads;
      for (size_t i = 0; i < documents.size(); ++i)
        world.give(std::to_string(100 + i) + ".jsonl", documents[i]);
      const auto report =
          world.run(job(format, ", partition: \"p={.p}/\", roll: 64KiB, share: " + share));
      REQUIRE(report.ok());
      CHECK(report->exit_code(false) == 0);
      CHECK(world.objects().size() >= 3);
      CHECK(sorted_lines(read_whole(world)) == sorted_lines(all));
    }
  }
}

}  // namespace sluice
