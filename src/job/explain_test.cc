#include "job/explain.h"

#include <doctest/doctest.h>

#include "flow/lake_words.h"
#include "json/scan.h"

namespace sluice {
namespace {

Catalog some_parts() {
  Catalog parts;
  parts.add({.name = "objects",
             .role = Role::source,
             .summary = "Objects of a bucket. Read in order.",
             .fields = {{.name = "url",
                         .type = FieldType::pattern,
                         .help = "Where they are.",
                         .required = true}},
             .example = "source: { objects: \"s3://logs/\" }"},
            MakeSource());
  parts.add({.name = "jsonl", .role = Role::decode, .summary = "Lines."}, MakeDecoder());
  parts.add({.name = "jsonl", .role = Role::format, .summary = "Lines out."}, MakeEncoder());
  parts.add({.name = "set",
             .role = Role::transform,
             .summary = "Sets fields.",
             .fields = {{.name = "fields", .type = FieldType::templ, .many = Many::map}}},
            MakeTransform());
  parts.add(lake_words(), MakeSink());
  return parts;
}

}  // namespace

TEST_CASE("a part's page tells all that its description has") {
  const Catalog parts = some_parts();
  CHECK(*explain(parts, "objects") ==
        "objects  (source)\n\n"
        "  Objects of a bucket. Read in order.\n\n"
        "  url  (path, required)\n"
        "      Where they are.\n\n"
        "Example\n\n"
        "  source: { objects: \"s3://logs/\" }\n");
  for (const FieldDoc& field : lake_words().fields) {
    CHECK(explain(parts, "lake")->find("\n  " + field.name + "  (") != std::string::npos);
  }
}

TEST_CASE("everything can be explained, and what can't be is met with the nearest word") {
  const Catalog parts = some_parts();
  for (const char* name : {"job", "units", "source", "decode", "jsonl", "set", "lake", "sink"}) {
    CHECK(explain(parts, name).ok());
  }
  CHECK(explain(parts, "jsonl")->find("(decode)") != std::string::npos);
  CHECK(explain(parts, "jsonl")->find("(format)") != std::string::npos);
  CHECK(explain(parts, "lak").error().message == "nothing is called `lak`; did you mean `lake`?");
  CHECK(overview(parts).find("  objects  Objects of a bucket.\n") != std::string::npos);
}

TEST_CASE("the schema is JSON and knows every word") {
  const Catalog parts = some_parts();
  const std::string text = schema(parts);
  json::Scanner scanner;
  REQUIRE(scanner.scan(text));
  for (const char* word : {"\"partition\"", "\"dedupe\"", "\"units\"", "\"objects\"", "\"set\""}) {
    CHECK(text.find(word) != std::string::npos);
  }
}

TEST_CASE("the reference page has a heading for every part") {
  const std::string page = reference(some_parts());
  for (const char* heading : {"# The job file\n", "### job\n", "### objects\n", "### lake\n"}) {
    CHECK(page.find(heading) != std::string::npos);
  }
}

}  // namespace sluice
