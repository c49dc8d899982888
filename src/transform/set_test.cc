#include "transform/set.h"

#include <doctest/doctest.h>

#include <thread>

#include "transform/testing.h"

namespace sluice {
namespace {

Node text(std::string_view value) {
  Node node = Node::of(value);
  node.quoted = true;
  return node;
}
std::string set(std::vector<Node::Entry> values, std::string_view record) {
  return outcome(set_doc(), make_set, Node::of_map(std::move(values)), record);
}

TEST_CASE("set adds what is not there as the last member, and replaces what is") {
  CHECK(set({{"day", text("{unit:%F}")}}, R"({"a":1.10})") == R"({"a":1.10,"day":"2024-02-08"})");
  CHECK(set({{"a", text("x")}}, R"({ "a" : 1.10, "b":2})") == R"({ "a" : "x", "b":2})");
  CHECK(set({{".a.b", text("x")}}, R"({"a":{}})") == R"({"a":{"b":"x"}})");
  CHECK(set({{"a.b", text("x")}}, R"({})") == R"({"a":{"b":"x"}})");
  CHECK(set({{"run", text("{run.started}")}}, "{}") == R"({"run":"2024-02-09T01:02:03Z"})");
  CHECK(set({{"path", text("{path.account}/{path.org}")}}, "{}") == R"({"path":"123/o-1"})");
}

TEST_CASE("set copies a field as it is, and makes text of everything else") {
  CHECK(set({{"b", text("{.a}")}}, R"({"a":1.10})") == R"({"a":1.10,"b":1.10})");
  CHECK(set({{"b", text("{.a}")}}, R"({"a":false})") == R"({"a":false,"b":false})");
  CHECK(set({{"b", text("{.a}")}}, R"({"a":"\u00e9\n"})") == R"({"a":"\u00e9\n","b":"\u00e9\n"})");
  CHECK(set({{"b", text("n{.a}")}}, R"({"a":1.10})") == R"({"a":1.10,"b":"n1.10"})");
  CHECK(set({{"b", text("{.a:%F}")}}, R"({"a":"2024-02-08T10:00:00Z"})") ==
        R"({"a":"2024-02-08T10:00:00Z","b":"2024-02-08"})");
  CHECK(set({{"b", text("x{.a}")}}, R"({"a":"\"q\""})") == R"({"a":"\"q\"","b":"x\"q\""})");
}

TEST_CASE("set reads all fields before it writes any") {
  CHECK(set({{"a", text("{.b}")}, {"b", text("{.a}")}}, R"({"a":1,"b":2})") == R"({"a":2,"b":1})");
}

TEST_CASE("a number, true, false or null without quotes is just that") {
  CHECK(set({{"v", Node::of("2")}}, "{}") == R"({"v":2})");
  CHECK(set({{"v", Node::of("true")}}, "{}") == R"({"v":true})");
  CHECK(set({{"v", text("2")}}, "{}") == R"({"v":"2"})");
  CHECK(set({{"v", Node::of("02")}}, "{}") == R"({"v":"02"})");
  CHECK(set({{"v", Node::of("plain")}}, "{}") == R"({"v":"plain"})");
}

TEST_CASE("a number from a variable that ends with a line break breaks the record in two") {
  CHECK(set({{"v", Node::of("2\n")}}, "{}") == R"({"v":2})");
  CHECK(set({{"v", Node::of(" true\r\n")}}, R"({"a":1})") == R"({"a":1,"v":true})");
}

TEST_CASE("a missing field, or a parent that is no object, sets the record aside") {
  CHECK(set({{"b", text("{.a}")}}, R"({"c":1})").starts_with("! set .b: "));
  CHECK(set({{"b", text("{.a}")}}, R"({"a":{}})").starts_with("! set .b: "));
  CHECK(set({{"b", text("{.a}")}}, R"({"a":""})").starts_with("! set .b: "));
  CHECK(set({{"a.b", text("x")}}, R"({"a":1})").starts_with("! set .a.b: "));
}

TEST_CASE("set refuses the whole record, bad names and paths that the source lacks") {
  CHECK(set({{".", text("x")}}, "{}").find("the whole record can't be set") != std::string::npos);
  CHECK(set({{".a[", text("x")}}, "{}").find("is no field") != std::string::npos);
  CHECK(set({{"a", text("{path.zone}")}}, "{}").find("no {path.zone}") != std::string::npos);
}

TEST_CASE("one set is shared by many workers") {
  auto made = make_from(set_doc(), make_set, Node::of_map({{"b", text("{.a}")}}));
  REQUIRE(made.ok());
  std::vector<std::jthread> workers;
  std::vector<size_t> wrong(4);
  for (size_t worker = 0; worker < wrong.size(); ++worker) {
    workers.emplace_back([&, worker] {
      for (int i = 0; i < 500; ++i) {
        const std::string n = std::to_string(i);
        wrong[worker] +=
            outcome(**made, R"({"a":)" + n + "}") != R"({"a":)" + n + R"(,"b":)" + n + "}";
      }
    });
  }
  workers.clear();
  for (const size_t count : wrong) CHECK(count == 0);
}

}  // namespace
}  // namespace sluice
