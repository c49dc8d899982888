#include "transform/cast.h"

#include <doctest/doctest.h>

#include "transform/testing.h"

namespace sluice {
namespace {

std::string cast(std::vector<Node::Entry> fields, std::string_view record) {
  return outcome(cast_doc(), make_cast, Node::of_map(std::move(fields)), record);
}
std::string cast_a(std::string_view type, const std::string& value) {
  const std::string out = cast({{".a", Node::of(type)}}, R"({"a":)" + value + "}");
  return out.starts_with(R"({"a":)") ? out.substr(5, out.size() - 6) : out;
}
// With the words beside: `{ cast: { .a: number }, on_error: keep }`.
std::string cast_or(Node on_error, std::string_view record) {
  Catalog catalog;
  catalog.add(cast_doc(), make_cast);
  std::vector<Mistake> mistakes;
  const Settings settings =
      check_part(Role::transform,
                 Node::of_map({{"cast", Node::of_map({{".a", Node::of("number")}})},
                               {"on_error", std::move(on_error)}}),
                 {.catalog = &catalog}, mistakes);
  REQUIRE(mistakes.empty());
  return outcome(**make_cast(settings), record);
}

TEST_CASE("a string that holds a number becomes it, digit for digit") {
  CHECK(cast_a("number", R"("1.10")") == "1.10");
  CHECK(cast_a("number", R"("12345678901234567890")") == "12345678901234567890");
  CHECK(cast_a("number", R"("-0")") == "-0");
  CHECK(cast_a("number", R"("1e400")") == "1e400");
  CHECK(cast_a("number", R"("\u0031")") == "1");
  CHECK(cast_a("number", "1.10") == "1.10");
  for (const auto* bad : {R"("")", R"("007")", R"("1 ")", R"(" 1")", R"("+1")", R"("0x1")",
                          R"("1.")", R"("NaN")", R"("1]")", R"("\"1\"")", "true", "[1]", "{}"}) {
    CHECK_MESSAGE(cast_a("number", bad).starts_with("! cast .a: "), bad);
  }
}

TEST_CASE("a number, true or false becomes a string of its own text") {
  CHECK(cast_a("string", "12345678901234567890") == R"("12345678901234567890")");
  CHECK(cast_a("string", "1.10") == R"("1.10")");
  CHECK(cast_a("string", "false") == R"("false")");
  CHECK(cast_a("string", R"("\u0041")") == R"("\u0041")");
  CHECK(cast_a("string", "[1]").find("stringify") != std::string::npos);
}

TEST_CASE("true and false are read as people write them") {
  for (const auto* yes : {"true", R"("true")", R"("TRUE")", "1", R"("1")"}) {
    CHECK_MESSAGE(cast_a("boolean", yes) == "true", yes);
  }
  for (const auto* no : {"false", R"("False")", "0", R"("0")"}) {
    CHECK_MESSAGE(cast_a("boolean", no) == "false", no);
  }
  for (const auto* bad : {R"("")", R"("yes")", "2", "1.0", "{}"}) {
    CHECK_MESSAGE(cast_a("boolean", bad).starts_with("! cast .a: "), bad);
  }
}

TEST_CASE("a time becomes RFC 3339 in UTC") {
  CHECK(cast_a("time", R"("2024-02-08T01:00:00+02:00")") == R"("2024-02-07T23:00:00Z")");
  CHECK(cast_a("time", R"("2024-02-08T01:00:00Z")") == R"("2024-02-08T01:00:00Z")");
  CHECK(cast_a("time", R"("2024-02-08")") == R"("2024-02-08T00:00:00Z")");
  CHECK(cast_a("time", R"("soon")") == R"(! cast .a: "soon" is no time)");
  CHECK(cast_a("time", "1707386400").find("only with a `unit`") != std::string::npos);
}

TEST_CASE("numbers are times where their unit is said, exact to the nanosecond") {
  const auto seen = [](std::string_view unit, const std::string& value) {
    return cast({{".a", Node::of_map({{"to", Node::of("time")}, {"unit", Node::of(unit)}})}},
                R"({"a":)" + value + "}");
  };
  CHECK(seen("s", "1707386400") == R"({"a":"2024-02-08T10:00:00Z"})");
  CHECK(seen("s", R"("1707386400.123456789")") == R"({"a":"2024-02-08T10:00:00.123456789Z"})");
  CHECK(seen("ms", "1707386400123.4567891") == R"({"a":"2024-02-08T10:00:00.123456789Z"})");
  CHECK(seen("s", "-1.5") == R"({"a":"1969-12-31T23:59:58.500Z"})");
  CHECK(seen("s", R"("2024-02-08T10:00:00Z")") == R"({"a":"2024-02-08T10:00:00Z"})");
  CHECK(seen("s", "1e9").starts_with("! "));
  CHECK(seen("s", "99999999999").starts_with("! "));
}

TEST_CASE("null and what is not there stay; all members of a doubled key are cast") {
  CHECK(cast({{".a", Node::of("number")}}, R"({ "b":"1"})") == R"({ "b":"1"})");
  CHECK(cast_a("number", "null") == "null");
  CHECK(cast({{".a.b", Node::of("number")}, {"c", Node::of("string")}},
             R"({"a":{"b":"1","b":"2"}, "c" : 3})") == R"({"a":{"b":1,"b":2}, "c" : "3"})");
}

TEST_CASE("what can't be cast is kept, or becomes null, where that is asked for") {
  CHECK(cast_or(Node::of("keep"), R"({"a":"x"})") == R"({"a":"x"})");
  CHECK(cast_or(Node::of("null"), R"({"a":"x"})") == R"({"a":null})");
  CHECK(cast_or(Node(), R"({"a":"x"})") == R"({"a":null})");  // YAML's null
  CHECK(cast_or(Node::of("keep"), R"({"a":"1"})") == R"({"a":1})");
}

TEST_CASE("cast refuses types and units that mean nothing") {
  CHECK(cast({{".a", Node::of("float")}}, "{}").find("is not one of") != std::string::npos);
  CHECK(cast({{".", Node::of("number")}}, "{}").find("whole record") != std::string::npos);
  CHECK(cast({{".a", Node::of_map({{"to", Node::of("number")}, {"unit", Node::of("s")}})}}, "{}")
            .find("only a time") != std::string::npos);
}

}  // namespace
}  // namespace sluice
