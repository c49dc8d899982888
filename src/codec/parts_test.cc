#include <doctest/doctest.h>

#include <string>

#include "codec/auto_records.h"
#include "codec/gzip_encoder.h"
#include "codec/json_document.h"
#include "codec/lines.h"
#include "codec/plain_encoder.h"
#include "codec/zstd_encoder.h"
#include "flow/settings.h"

namespace sluice {
namespace {

Catalog codec_parts() {
  Catalog parts;
  parts.add(json_document_doc(), make_json_document);
  parts.add(json_lines_doc(), make_json_lines);
  parts.add(raw_lines_doc(), make_raw_lines);
  parts.add(auto_records_doc(), make_auto_records);
  parts.add(plain_encoder_doc(), make_plain_format);
  parts.add(gzip_encoder_doc(), make_gzip_format);
  parts.add(zstd_encoder_doc(), make_zstd_format);
  return parts;
}

Settings checked(const Catalog& catalog, Role role, const Node& node) {
  std::vector<Mistake> mistakes;
  CheckContext context;
  context.catalog = &catalog;
  Settings settings = check_part(role, node, context, mistakes);
  for (const Mistake& mistake : mistakes) FAIL(mistake.message);
  return settings;
}

TEST_CASE("each decoder is made from its words in a job") {
  const Catalog parts = codec_parts();
  const Node words[] = {
      Node::of("jsonl"),
      Node::of("lines"),
      Node::of("auto"),
      Node::of_map({{"json", Node::of(".Records")}}),
      Node::of_map({{"json", Node::of_map({{"single", Node::of("true")}})}}),
      Node::of_map({{"jsonl", Node::of_map({{"record_max", Node::of("64KiB")}})}}),
  };
  for (const Node& node : words) {
    const Settings settings = checked(parts, Role::decode, node);
    const auto maker = settings.part()->make_decoder(settings);
    REQUIRE(maker.ok());
    CHECK((*maker)->make() != nullptr);
    CHECK((*maker)->inflated_hint("abc") == 3);
  }
}

TEST_CASE("a JSON document needs a path or to be single, and not both") {
  const Catalog parts = codec_parts();
  Settings settings = checked(parts, Role::decode, Node::of("json"));
  auto maker = settings.part()->make_decoder(settings);
  REQUIRE_FALSE(maker.ok());
  CHECK(maker.error().message.find("say where the records are") != std::string::npos);
  settings = checked(
      parts, Role::decode,
      Node::of_map(
          {{"json", Node::of_map({{"records", Node::of(".a")}, {"single", Node::of("true")}})}}));
  CHECK_FALSE(settings.part()->make_decoder(settings).ok());
}

TEST_CASE("each format is made from its words in a job") {
  const Catalog parts = codec_parts();
  for (const char* name : {"jsonl", "jsonl.gz", "jsonl.zst"}) {
    const Settings settings = checked(parts, Role::format, Node::of(name));
    const auto encoder = settings.part()->make_encoder(settings);
    REQUIRE(encoder.ok());
    CHECK((*encoder)->extension() == "." + std::string(name));
  }
  const auto with_level = [&](const char* name, const char* level) {
    const Settings settings = checked(
        parts, Role::format, Node::of_map({{name, Node::of_map({{"level", Node::of(level)}})}}));
    return settings.part()->make_encoder(settings).ok();
  };
  CHECK(with_level("jsonl.gz", "small"));
  CHECK(with_level("jsonl.zst", "9"));
  CHECK_FALSE(with_level("jsonl.zst", "10"));
  CHECK_FALSE(with_level("jsonl.zst", "0"));
}

}  // namespace
}  // namespace sluice
