#include "transform/stringify.h"

#include <doctest/doctest.h>

#include "transform/testing.h"

namespace sluice {
namespace {

std::string stringify(const Node& fields, std::string_view record) {
  return outcome(stringify_doc(), make_stringify, fields, record);
}

TEST_CASE("stringify makes a string of a value's own text") {
  CHECK(stringify(Node::of(".a"), R"({"a":{"b": 1.10},"c":1})") ==
        R"({"a":"{\"b\": 1.10}","c":1})");
  CHECK(stringify(Node::of_list({Node::of(".a"), Node::of(".b")}), R"({"a":[1],"b":true})") ==
        R"({"a":"[1]","b":"true"})");
}

TEST_CASE("strings, null and what is not there stay") {
  for (const auto* record : {R"({"a":"x"})", R"({"a":null})", R"({"b":1})"}) {
    CHECK(stringify(Node::of(".a"), record) == record);
  }
}

}  // namespace
}  // namespace sluice
