#include "transform/filter.h"

#include <doctest/doctest.h>

#include "transform/testing.h"

namespace sluice {
namespace {

bool keeps(const Node& node, std::string_view record) {
  const std::string what = outcome(filter_doc(), make_filter, node, record);
  CHECK_MESSAGE((what == record || what == "-"), what);
  return what == record;
}
bool keeps(std::vector<Node::Entry> words, std::string_view record) {
  words.insert(words.begin(), Node::Entry{"field", Node::of(".a")});
  return keeps(Node::of_map(std::move(words)), record);
}

TEST_CASE("equals compares the value's text") {
  CHECK(keeps({{"equals", Node::of("x")}}, R"({"a":"x"})"));
  CHECK(keeps({{"equals", Node::of("x")}}, R"({"a":"\u0078"})"));
  CHECK_FALSE(keeps({{"equals", Node::of("x")}}, R"({"a":"y"})"));
  CHECK(keeps({{"equals", Node::of("1.10")}}, R"({"a":1.10})"));
  CHECK_FALSE(keeps({{"equals", Node::of("1.1")}}, R"({"a":1.10})"));
  CHECK(keeps({{"equals", Node::of("true")}}, R"({"a":true})"));
  CHECK_FALSE(keeps({{"equals", Node::of("null")}}, R"({"a":null})"));
  CHECK_FALSE(keeps({{"equals", Node::of("x")}}, R"({"b":"x"})"));
}

TEST_CASE("in and matches take any of several") {
  const Node names = Node::of_list({Node::of("x"), Node::of("y")});
  CHECK(keeps({{"in", names}}, R"({"a":"y"})"));
  CHECK_FALSE(keeps({{"in", names}}, R"({"a":"z"})"));
  const Node globs = Node::of_list({Node::of("s3*"), Node::of("?.b")});
  CHECK(keeps({{"matches", globs}}, R"({"a":"s3.amazonaws.com"})"));
  CHECK(keeps({{"matches", globs}}, R"({"a":"x.b"})"));
  CHECK_FALSE(keeps({{"matches", globs}}, R"({"a":"xx.b"})"));
}

TEST_CASE("a field alone asks whether it is there; null is not") {
  CHECK(keeps(Node::of(".a"), R"({"a":{}})"));
  CHECK(keeps(Node::of(".a"), R"({"a":""})"));
  CHECK_FALSE(keeps(Node::of(".a"), R"({"a":null})"));
  CHECK_FALSE(keeps(Node::of(".a"), R"({"b":1})"));
  CHECK(keeps({{"exists", Node::of("false")}}, R"({"b":1})"));
  CHECK_FALSE(keeps({{"exists", Node::of("false")}}, R"({"a":1})"));
}

TEST_CASE("not turns all of it round") {
  const Node yes = Node::of("true");
  CHECK(keeps({{"equals", Node::of("x")}, {"not", yes}}, R"({"a":"y"})"));
  CHECK(keeps({{"equals", Node::of("x")}, {"not", yes}}, R"({"b":"y"})"));
  CHECK_FALSE(keeps({{"equals", Node::of("x")}, {"not", yes}}, R"({"a":"x"})"));
}

TEST_CASE("conditions that contradict each other are refused") {
  const Node both =
      Node::of_map({{"field", Node::of(".a")}, {"equals", Node::of("x")}, {"in", Node::of("y")}});
  CHECK(outcome(filter_doc(), make_filter, both, "{}").starts_with("!!"));
  const Node none = Node::of_map(
      {{"field", Node::of(".a")}, {"equals", Node::of("x")}, {"exists", Node::of("false")}});
  CHECK(outcome(filter_doc(), make_filter, none, "{}").starts_with("!!"));
}

}  // namespace
}  // namespace sluice
