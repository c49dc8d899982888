#include "transform/rename.h"

#include <doctest/doctest.h>

#include "transform/testing.h"

namespace sluice {
namespace {

std::string rename(std::vector<Node::Entry> names, std::string_view record) {
  return outcome(rename_doc(), make_rename, Node::of_map(std::move(names)), record);
}

TEST_CASE("rename gives members another key in their place") {
  CHECK(rename({{"a", Node::of("x")}}, R"({"b":1, "a" : 1.10,"c":2})") ==
        R"({"b":1, "x" : 1.10,"c":2})");
  CHECK(rename({{".a.b", Node::of(".c")}, {"d", Node::of("e")}}, R"({"a":{"b":1},"d":2})") ==
        R"({"a":{"c":1},"e":2})");
  CHECK(rename({{"a", Node::of("x")}}, R"({"b":1})") == R"({"b":1})");
}

TEST_CASE("a new name that is there already sets the record aside") {
  CHECK(rename({{"a", Node::of("b")}}, R"({"a":1,"b":2})").starts_with("! rename .a: "));
}

TEST_CASE("a new name is one key") {
  CHECK(rename({{"a", Node::of(".b.c")}}, "{}").find("not a path") != std::string::npos);
  CHECK(rename({{".a[0]", Node::of("b")}}, "{}").find("no member") != std::string::npos);
}

}  // namespace
}  // namespace sluice
