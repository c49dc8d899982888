#include "transform/flatten.h"

#include <doctest/doctest.h>

#include "transform/testing.h"

namespace sluice {
namespace {

std::string flatten(const Node& node, std::string_view record) {
  return outcome(flatten_doc(), make_flatten, node, record);
}
std::string flatten(std::string_view record) {
  return flatten(Node(), record);
}

TEST_CASE("objects become members under their joined keys, in their place") {
  CHECK(flatten(R"({"a":{"b":1.10,"c":{"d": "x"}}, "e":[1, 2]})") ==
        R"({"a_b":1.10,"a_c_d":"x","e":[1, 2]})");
  CHECK(flatten(R"({ "a" : { "b" : null , "c":true } })") == R"({"a_b":null,"a_c":true})");
  CHECK(flatten(Node::of_map({{"separator", Node::of(".")}}), R"({"a":{"b":1}})") ==
        R"({"a.b":1})");
  CHECK(flatten(Node::of_map({{"separator", Node::of("\"")}}), R"({"a":{"b":1}})") ==
        R"({"a\"b":1})");
}

TEST_CASE("a record without objects stays as it is, byte for byte") {
  for (const auto* record :
       {R"({ "a" : 1.10 , "b":[{"c":1}] })", "{}", "[{\"a\":{\"b\":1}}]", "7", R"({"a":{ }})"}) {
    CHECK(flatten(record) == record);
  }
}

TEST_CASE("an empty object stays under its joined key") {
  CHECK(flatten(R"({"a":{"b":{},"c":{ }}})") == R"({"a_b":{},"a_c":{ }})");
}

TEST_CASE("only the fields named are taken apart, and only so deep") {
  CHECK(flatten(Node::of(".a"), R"({"a":{"b":1},"c":{"d":2}})") == R"({"a_b":1,"c":{"d":2}})");
  CHECK(flatten(Node::of("."), R"({"a":{"b":1},"c":{"d":2}})") == R"({"a_b":1,"c_d":2})");
  CHECK(flatten(Node::of_map({{"depth", Node::of("1")}}), R"({"a":{"b":{"c":1}}})") ==
        R"({"a_b":{"c":1}})");
  CHECK(flatten(Node::of(".a.b"), "{}").starts_with("!!"));
  CHECK(flatten(Node::of_map({{"depth", Node::of("0")}}), "{}").starts_with("!!"));
}

TEST_CASE("arrays become text where that is asked for") {
  const Node node = Node::of_map({{"fields", Node::of(".a")}, {"arrays", Node::of("stringify")}});
  CHECK(flatten(node, R"({"a":{"b":["x"]},"c":[1]})") == R"({"a_b":"[\"x\"]","c":[1]})");
  CHECK(flatten(node, R"({"a":[1]})") == R"({"a":"[1]"})");
}

TEST_CASE("two members of one name set the record aside, naming both") {
  CHECK(flatten(R"({"a":{"b":1},"a_b":2})") == R"(! flatten: .a.b and .a_b would both be "a_b")");
  CHECK(flatten(R"({"a":{"b_c":1,"b":{"\u0063":2}}})") ==
        R"(! flatten: .a.b_c and .a.b.c would both be "a_b_c")");
}

TEST_CASE("a doubled key stays doubled") {
  CHECK(flatten(R"({"a":{"b":1,"b":2},"c":1,"c":2})") == R"({"a_b":1,"a_b":2,"c":1,"c":2})");
}

TEST_CASE("a record that flatten would make longer than record_max is set aside, and not made") {
  auto made = make_from(flatten_doc(), make_flatten, Node());
  REQUIRE(made.ok());
  std::string record = "1";
  for (int i = 0; i < 500; ++i)
    record = "{\"" + std::string(100, 'k') + "\":" + record + ",\"n\":0}";
  CHECK(outcome(**made, record, 10'000) ==
        "! flatten: longer than record_max (10000 bytes) after its transforms");
}

}  // namespace
}  // namespace sluice
