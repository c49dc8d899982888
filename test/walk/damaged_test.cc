// Compressed documents that are too large to be held until their checksums have been seen.
#include <doctest/doctest.h>
#include <zstd.h>

#include "world.h"

namespace sluice {
namespace {

constexpr const char* lines_job =
    "name: damaged\n"
    "source: { objects: \"in/\" }\n"
    "decode: jsonl\n"
    "sink: { lake: \"lake/\", format: jsonl }\n";

struct Text {
  std::string text;
  uint64_t records = 0;
};

// `packs`: to next to nothing, and so that it comes in one piece; else in several.
Text text_of(uint64_t bytes, bool packs = true) {
  Text made;
  uint64_t chance = 1;
  while (made.text.size() < bytes) {
    made.text += R"({"id":)" + std::to_string(made.records) + R"(,"text":")";
    for (uint64_t i = 0; i < made.records % 997; ++i) {
      if (!packs) chance = chance * 6364136223846793005U + 1442695040888963407U;
      made.text += static_cast<char>('A' + (chance >> 58U) % 26);
    }
    made.text += "\"}\n";
    ++made.records;
  }
  return made;
}

std::string zstd(std::string_view text) {
  ZSTD_CCtx* context = ZSTD_createCCtx();
  ZSTD_CCtx_setParameter(context, ZSTD_c_checksumFlag, 1);
  std::string out(ZSTD_compressBound(text.size()), '\0');
  const size_t size = ZSTD_compress2(context, out.data(), out.size(), text.data(), text.size());
  REQUIRE_FALSE(ZSTD_isError(size));
  out.resize(size);
  ZSTD_freeCCtx(context);
  return out;
}

// Its checksum, or what else its last bytes are.
std::string damaged(std::string piece) {
  piece[piece.size() - (piece.starts_with('\x1f') ? 8 : 1)] ^= 0x20;
  return piece;
}

SetAside the_one_set_aside(World& world, const char* job = lines_job) {
  auto report = world.run(job);
  REQUIRE(report.ok());
  CHECK(report->exit_code(false) == 3);
  const UnitReport& unit = report->units[0];
  CHECK(unit.tally.documents_partial == 1);
  CHECK(unit.tally.documents_set_aside == 0);
  CHECK(unit.tally.records_set_aside == 0);
  REQUIRE(unit.set_aside.size() == 1);
  const ledger::Manifest manifest = world.manifest("damaged", "once");
  REQUIRE(manifest.set_aside.size() == 1);
  CHECK(manifest.set_aside[0].partial);
  CHECK(manifest.set_aside[0].reason == unit.set_aside[0].reason);
  CHECK(manifest.sums.partial == 1);
  CHECK(manifest.sums.set_aside == 0);
  return unit.set_aside[0];
}

}  // namespace

TEST_CASE("records of a damaged gzip member or zstd frame pass for sound ones, if it is large") {
  const Text small = text_of(3000), large = text_of(9 << 20, false);
  for (const bool is_gzip : {true, false}) {
    const std::string first = is_gzip ? gzip(small.text) : zstd(small.text);
    const std::string second = is_gzip ? gzip(large.text) : zstd(large.text);
    REQUIRE(second.size() > whole_bytes_max);
    World world;
    world.give("a.jsonl", first + damaged(second));
    const SetAside what = the_one_set_aside(world);
    INFO(what.reason);
    CHECK(what.partial);
    const std::string piece = is_gzip ? "the gzip member" : "the zstd frame";
    CHECK(what.reason.find(" records kept, those from byte " + std::to_string(small.text.size()) +
                           " on unproven (no good checksum has ended " + piece +
                           " at compressed byte " + std::to_string(first.size()) + "), then ") !=
          std::string::npos);
    CHECK(world.text().starts_with(small.text));
  }
}

TEST_CASE("records of a damaged member are written, though the document came in one piece") {
  const Text small = text_of(3000), large = text_of(9 << 20);
  for (const bool is_gzip : {true, false}) {
    const std::string first = is_gzip ? gzip(small.text) : zstd(small.text);
    const std::string second = is_gzip ? gzip(large.text) : zstd(large.text);
    World world;
    world.give("a.jsonl", first + damaged(second) + first);
    const SetAside what = the_one_set_aside(world);
    CHECK(what.reason.starts_with("partial: " + std::to_string(small.records) +
                                  " records kept, then " + (is_gzip ? "gzip: " : "zstd: ")));
    CHECK(what.offset == small.text.size());
    CHECK(world.text() == small.text);

    World alone;
    alone.give("a.jsonl", damaged(second));
    alone.give("b.jsonl", first);
    const auto report = alone.run(lines_job);
    REQUIRE(report.ok());
    CHECK(report->exit_code(false) == 3);
    CHECK(report->units[0].tally.documents_set_aside == 1);
    CHECK(alone.text() == small.text);
  }
}

TEST_CASE("what is not JSON in a large gzip member hides that its other records are unproven") {
  for (const bool packs : {false, true}) {
    for (const bool between : {false, true}) {
      std::string text = R"({"Records":[)" + text_of(9 << 20, packs).text;
      for (char& c : text) c = c == '\n' ? ',' : c;
      // In a record, or where one should begin.
      const size_t at = text.find(R"({"id":9000,)");
      text.replace(at, 6, between ? "}\"id\":" : "{\"id\"}");
      text.back() = ']';
      World world;
      world.give("a.json", gzip(text + "}"));
      const SetAside what = the_one_set_aside(world,
                                              "name: damaged\n"
                                              "source: { objects: \"in/\" }\n"
                                              "decode: { json: .Records }\n"
                                              "sink: { lake: \"lake/\", format: jsonl }\n");
      INFO(what.reason);
      // One that came in one piece is known to be sound.
      CHECK(what.reason.starts_with(packs ? "partial: 9000 records kept, then "
                                          : "partial: 9000 records kept, those from byte 0 on "
                                            "unproven"));
    }
  }
}

TEST_CASE("a large document that is cut off where nothing is compressed is not called unproven") {
  const Text large = text_of(9 << 20);
  const std::string text = large.text.substr(0, large.text.size() - 1);
  World world;
  std::string array = R"({"Records":[)" + text;
  for (char& c : array) c = c == '\n' ? ',' : c;
  world.give("a.json", array);
  const SetAside what = the_one_set_aside(world,
                                          "name: damaged\n"
                                          "source: { objects: \"in/\" }\n"
                                          "decode: { json: .Records }\n"
                                          "sink: { lake: \"lake/\", format: jsonl }\n");
  CHECK(what.reason.find("unproven") == std::string::npos);
  CHECK(what.reason.starts_with("partial: "));
}

}  // namespace sluice
