#include "transform/drop.h"

#include <doctest/doctest.h>

#include "transform/testing.h"

namespace sluice {
namespace {

std::string drop(const Node& fields, std::string_view record) {
  return outcome(drop_doc(), make_drop, fields, record);
}

TEST_CASE("drop takes fields out and touches nothing else") {
  CHECK(drop(Node::of(".a"), R"({"a":1, "b" : 1.10})").find("1.10") != std::string::npos);
  CHECK(drop(Node::of(".b"), R"({"a":1,"b":2})") == R"({"a":1})");
  CHECK(drop(Node::of_list({Node::of(".a.x"), Node::of(".b"), Node::of(".none")}),
             R"({"a":{"x":1,"y":2},"b":[],"c":3})") == R"({"a":{"y":2},"c":3})");
  CHECK(drop(Node::of(".none"), R"({ "a":1})") == R"({ "a":1})");
}

TEST_CASE("drop touches all members of a doubled key") {
  CHECK(drop(Node::of(".a"), R"({"a":1,"b":2,"a":3})") == R"({"b":2})");
}

TEST_CASE("drop refuses the whole record") {
  CHECK(drop(Node::of("."), "{}").find("not the whole record") != std::string::npos);
}

}  // namespace
}  // namespace sluice
