#include "flow/settings.h"

#include <doctest/doctest.h>

namespace sluice {
namespace {

const PartDoc json_doc = {
    .name = "json",
    .role = Role::decode,
    .summary = "One JSON value.",
    .fields = {{.name = "records", .type = FieldType::field, .help = "Where.", .required = true},
               {.name = "most", .type = FieldType::bytes, .default_text = "8MiB"},
               {.name = "strict", .type = FieldType::flag, .default_text = "true"},
               {.name = "mode", .type = FieldType::choice, .choices = {"fast", "small"}}}};
const PartDoc set_doc = {
    .name = "set",
    .role = Role::transform,
    .fields = {{.name = "fields", .type = FieldType::templ, .many = Many::map}}};
const PartDoc drop_doc = {
    .name = "drop",
    .role = Role::transform,
    .fields = {{.name = "fields", .type = FieldType::field, .required = true, .many = Many::list}}};
const PartDoc lake_doc = {
    .name = "lake",
    .role = Role::sink,
    .fields = {{.name = "lake", .required = true},
               {.name = "roll", .type = FieldType::bytes},
               {.name = "decode", .type = FieldType::part, .role = Role::decode},
               {.name = "wait", .type = FieldType::duration, .default_text = "2s"}}};

Catalog some_parts() {
  Catalog parts;
  parts.add(json_doc, MakeDecoder());
  parts.add(set_doc, MakeTransform());
  parts.add(drop_doc, MakeTransform());
  parts.add(lake_doc, MakeSink());
  return parts;
}

struct Checked {
  Settings settings;
  std::vector<Mistake> mistakes;
  std::string first() const { return mistakes.empty() ? "" : mistakes.front().message; }
};

Checked check(const Catalog& parts, Role role, const Node& node) {
  Checked out;
  out.settings = check_part(role, node, {.catalog = &parts, .file = "job.yaml"}, out.mistakes);
  return out;
}

Node of(std::string_view text) {
  return Node::of(text);
}

}  // namespace

TEST_CASE("a part's value fills its first field; its words fill all") {
  const Catalog parts = some_parts();
  for (const Node& node : {Node::of_map({{"json", of(".Records")}}),
                           Node::of_map({{"json", Node::of_map({{"records", of(".Records")}})}}),
                           Node::of_map({{"json", of(".Records")}, {"most", of("8388608")}})}) {
    const auto checked = check(parts, Role::decode, node);
    CHECK(checked.first() == "");
    CHECK(checked.settings.part() == parts.find(Role::decode, "json"));
    CHECK(json::to_string(checked.settings.path("records")) == ".Records");
    CHECK(checked.settings.bytes("most") == 8 << 20);
    CHECK(checked.settings.flag("strict"));
    CHECK_FALSE(checked.settings.has("mode"));
    CHECK_FALSE(checked.settings.has("nonsense"));
    CHECK(checked.settings.canonical() == R"("json"{"records":".Records";})");
  }
}

TEST_CASE("lists and maps fill a first field that is one") {
  const Catalog parts = some_parts();
  auto set =
      check(parts, Role::transform,
            Node::of_map({{"set", Node::of_map({{"day", of("{unit:%F}")}, {"x", of("1")}})}}));
  CHECK(set.first() == "");
  REQUIRE(set.settings.items("fields").size() == 2);
  CHECK(set.settings.items("fields")[0].name == "day");
  CHECK(set.settings.items("fields")[0].templ().uses_unit());
  auto drop =
      check(parts, Role::transform, Node::of_map({{"drop", Node::of_list({of(".a"), of(".b")})}}));
  CHECK(drop.settings.items("fields").size() == 2);
  drop = check(parts, Role::transform, Node::of_map({{"drop", of(".a")}}));
  CHECK(drop.settings.items("fields").size() == 1);
}

TEST_CASE("parts nest") {
  const Catalog parts = some_parts();
  const auto lake = check(
      parts, Role::sink,
      Node::of_map({{"lake", of("s3://x/")}, {"decode", Node::of_map({{"json", of(".a")}})}}));
  CHECK(lake.first() == "");
  CHECK(lake.settings.text("lake") == "s3://x/");
  CHECK(lake.settings.inner("decode").part()->doc.name == "json");
  CHECK(lake.settings.duration("wait") == 2_s);
}

TEST_CASE("mistakes name the word, the place and what was meant") {
  const Catalog parts = some_parts();
  const auto first = [&](Role role, const Node& node) { return check(parts, role, node).first(); };
  CHECK(first(Role::sink, Node::of_map({{"lake", of("x")}, {"rol", of("1")}})) ==
        "unknown word `rol` in sink; did you mean `roll`?");
  CHECK(first(Role::decode, of("jsno")) == "unknown decode `jsno`; did you mean `json`?");
  CHECK(first(Role::decode, of("json")) == "json needs `records`: Where.");
  CHECK(first(Role::source, Node::of_map({{"http", of("x")}})) == "source `http` is not there yet");
  CHECK(first(Role::decode, Node::of_list({})) ==
        "decode: expected a part; there is json, not a list");
  CHECK(first(Role::transform, Node::of_map({{"set", Node::of_map({})}, {"drop", of(".a")}})) ==
        "both `set` and `drop` in one transform; there is room for one");
  CHECK(first(Role::sink, Node::of_map({{"lake", of("x")}, {"roll", of("5 fish")}})) ==
        "roll: `5 fish` is not a number of bytes: say 128MiB, 5MB, 4096");
  CHECK(first(Role::sink, Node::of_map({{"lake", of("x")}, {"roll", Node{}}})) ==
        "roll: a value is missing; expected a number of bytes: 128MiB");
  CHECK(first(Role::sink, Node::of_map({{"lake", of("x")}, {"roll", Node::of_list({})}})) ==
        "roll: expected a number of bytes: 128MiB, not a list");
  CHECK(first(Role::decode, Node::of_map({{"json", Node::of_map({{"records", of(".a")},
                                                                 {"mode", of("fsat")}})}})) ==
        "mode: `fsat` is not one of fast, small; did you mean `fast`?");
  CHECK(first(Role::transform, Node::of_map({{"drop", Node::of_list({of("a")})}}))
            .starts_with("fields: at 0:"));
  CHECK(check(parts, Role::sink,
              Node::of_map({{"lak", of("x")}, {"roll", of("z")}, {"foo", of("1")}}))
            .mistakes.size() == 1);
  CHECK(check(parts, Role::sink,
              Node::of_map({{"lake", of("x")}, {"roll", of("z")}, {"foo", of("1")}}))
            .mistakes.size() == 2);
}

TEST_CASE("what a secret says is not in a mistake") {
  const Catalog parts = some_parts();
  Node secret = of("hunter2");
  secret.secret = true;
  auto checked = check(parts, Role::sink, Node::of_map({{"lake", of("x")}, {"roll", secret}}));
  CHECK(checked.first() == "roll: what ${...} says is not a number of bytes: 128MiB");
  checked = check(parts, Role::decode, secret);
  CHECK(checked.first() == "what ${...} says is no decode; there is json");
}

TEST_CASE("later errors can point at a value") {
  const Catalog parts = some_parts();
  Node path = of(".a");
  path.mark = {7, 3};
  const auto checked = check(parts, Role::decode, Node::of_map({{"json", path}}));
  CHECK(checked.settings.error_at("records", "is odd").message == "job.yaml:7:3: records: is odd");
}

TEST_CASE("settings mean the same whatever their order and however a default is written") {
  const Catalog parts = some_parts();
  const auto canonical = [&](const Node& node) {
    return check(parts, Role::sink, node).settings.canonical();
  };
  CHECK(
      canonical(Node::of_map({{"lake", of("x")}, {"roll", of("1KiB")}, {"wait", of("2000ms")}})) ==
      canonical(Node::of_map({{"roll", of("1024")}, {"lake", of("x")}})));
  CHECK(canonical(Node::of_map({{"lake", of("x")}, {"wait", of("3s")}})) !=
        canonical(Node::of_map({{"lake", of("x")}})));
}

}  // namespace sluice
