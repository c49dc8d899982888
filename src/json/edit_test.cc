#include "json/edit.h"

#include <doctest/doctest.h>

#include "json/scan.h"

namespace sluice::json {
namespace {

// The edited record, "unchanged", or the error's words. What comes of a valid record is valid.
template <class Function>
std::string edited(std::string_view record, Function function) {
  REQUIRE(!find_fault(record));
  std::string out = "before";
  const Result<Edit> edit = function(out);
  REQUIRE(out.starts_with("before"));
  out.erase(0, 6);
  if (edit.ok() && *edit == Edit::changed) {
    CHECK(!find_fault(out));
    return out;
  }
  CHECK(out.empty());
  return edit.ok() ? "unchanged" : edit.error().message;
}

Path path(std::string_view text) {
  return parse_path(text).value();
}

std::string set(std::string_view record, std::string_view at, std::string_view raw) {
  return edited(record, [&](std::string& out) { return set(record, path(at), raw, out); });
}
std::string drop(std::string_view record, std::string_view at) {
  return edited(record, [&](std::string& out) { return drop(record, path(at), out); });
}
std::string rename(std::string_view record, std::string_view at, std::string_view key) {
  return edited(record, [&](std::string& out) { return rename(record, path(at), key, out); });
}
std::string stringify(std::string_view record, std::string_view at) {
  return edited(record, [&](std::string& out) { return stringify(record, path(at), out); });
}

TEST_CASE("set replaces a value and leaves every other byte") {
  CHECK(set(R"({ "a" : 1.10 , "b":[ 1 ] })", ".a", "2") == R"({ "a" : 2 , "b":[ 1 ] })");
  CHECK(set(R"({"a":{"b":"x\"}"},"c":1e400})", ".a.b", "[]") == R"({"a":{"b":[]},"c":1e400})");
  CHECK(set(R"({"a":[1, {"k":2} ,3]})", ".a[1].k", "7") == R"({"a":[1, {"k":7} ,3]})");
  CHECK(set(R"({"a":[1,2]})", ".a[0]", "\"x\"") == R"({"a":["x",2]})");
  CHECK(set(R"( {"a":1} )", ".a", "2") == R"( {"a":2} )");
}

TEST_CASE("set adds what isn't there as the last member, parents included") {
  CHECK(set("{}", ".a", "1") == R"({"a":1})");
  CHECK(set("{ }", ".a", "1") == R"({"a":1 })");
  CHECK(set(R"({"a":1})", ".b", "2") == R"({"a":1,"b":2})");
  CHECK(set(R"({ "a":1 })", ".b", "2") == R"({ "a":1,"b":2 })");
  CHECK(set(R"({"a":{}})", ".a.b.c", "2") == R"({"a":{"b":{"c":2}}})");
  CHECK(set("{}", R"(."odd \"key\"")", "null") == R"({"odd \"key\"":null})");
  CHECK(set(R"({"a":[{"x":1},{"x":2}]})", ".a[1].y", "0") == R"({"a":[{"x":1},{"x":2,"y":0}]})");
  CHECK(set("{}", "/a/0", "1") == R"({"a":{"0":1}})");
}

TEST_CASE("edits touch all of doubled keys, however they are written") {
  CHECK(set(R"({"a":1,"b":2,"\u0061":3})", ".a", "0") == R"({"a":0,"b":2,"\u0061":0})");
  CHECK(set(R"({"o":{"a":1},"o":{}})", ".o.a", "0") == R"({"o":{"a":0},"o":{"a":0}})");
  CHECK(drop(R"({"a":1,"b":2,"a":3})", ".a") == R"({"b":2})");
  CHECK(drop(R"({"o":{"a":1},"o":{"b":1,"a":2}})", ".o.a") == R"({"o":{},"o":{"b":1}})");
  CHECK(rename(R"({"a":1,"b":2,"a":3})", ".a", "c") == R"({"c":1,"b":2,"c":3})");
  CHECK(stringify(R"({"a":1,"a":[2]})", ".a") == R"({"a":"1","a":"[2]"})");
}

TEST_CASE("set says why it can't") {
  CHECK(set(R"({"a":"x"})", ".a.b", "1") == "can't set .a.b: .a is a string");
  CHECK(set(R"({"a":null})", ".a.b.c", "1") == "can't set .a.b.c: .a is null");
  CHECK(set(R"({"a":[1]})", ".a[1]", "1") == "can't set .a[1]: .a[1] is not there");
  CHECK(set(R"({"a":[1]})", ".a.b", "1") == "can't set .a.b: .a.b is not there");
  CHECK(set(R"({"a":{}})", ".a[0]", "1") == "can't set .a[0]: .a[0] is not there");
  CHECK(set("{}", ".a[0]", "1") == "can't set .a[0]: .a[0] is not there");
  CHECK(set("[]", ".a", "1") == "can't set .a: .a is not there");
  CHECK(set("17", ".a", "1") == "can't set .a: it is a number");
  CHECK(set("{}", ".", "1") == "can't set .: it is the whole record");
  std::string out;
  CHECK(set("17", path(".a"), "1", out).error().kind == ErrorKind::corrupt);
}

TEST_CASE("drop takes one comma with it") {
  CHECK(drop(R"({"a":1})", ".a") == "{}");
  CHECK(drop(R"({ "a":1 })", ".a") == "{  }");
  CHECK(drop(R"({"a":1,"b":2,"c":3})", ".a") == R"({"b":2,"c":3})");
  CHECK(drop(R"({"a":1,"b":2,"c":3})", ".b") == R"({"a":1,"c":3})");
  CHECK(drop(R"({"a":1,"b":2,"c":3})", ".c") == R"({"a":1,"b":2})");
  CHECK(drop(R"({ "a" : 1 , "b" : 2 , "c" : 3 })", ".a") == R"({ "b" : 2 , "c" : 3 })");
  CHECK(drop(R"({ "a" : 1 , "b" : 2 , "c" : 3 })", ".b") == R"({ "a" : 1  , "c" : 3 })");
  CHECK(drop(R"({ "a" : 1 , "b" : 2 , "c" : 3 })", ".c") == R"({ "a" : 1 , "b" : 2  })");
  CHECK(drop(R"({"x":0,"a":1,"a":2,"a":3,"y":4})", ".a") == R"({"x":0,"y":4})");
  CHECK(drop(R"({"a":1,"a":2,"x":0,"a":3})", ".a") == R"({"x":0})");
  CHECK(drop(R"({"a":1,"a":2})", ".a") == "{}");
  CHECK(drop(R"({"a":[1,2,3]})", ".a[1]") == R"({"a":[1,3]})");
  CHECK(drop(R"({"a":[1]})", ".a[0]") == R"({"a":[]})");
}

TEST_CASE("drop, rename and stringify leave alone a record that lacks the path") {
  for (const char* record : {"{}", "[]", "17", R"({"b":1})", R"({"a":{"x":1}})", R"({"a":[]})"}) {
    CHECK(drop(record, ".a.b") == "unchanged");
    CHECK(drop(record, ".a[0]") == "unchanged");
    CHECK(rename(record, ".a.b", "c") == "unchanged");
    CHECK(stringify(record, ".a.b") == "unchanged");
  }
}

TEST_CASE("rename keeps place and value, and refuses a key that is there") {
  CHECK(rename(R"({"a" : 1,"b":2})", ".a", "c\"") == R"({"c\"" : 1,"b":2})");
  CHECK(rename(R"({"o":{"a":1},"c":2})", ".o.a", "c") == R"({"o":{"c":1},"c":2})");
  CHECK(rename(R"({"a":1,"b":2})", ".a", "a") == "unchanged");
  CHECK(rename(R"({"b":2})", ".a", "b") == "unchanged");
  CHECK(rename(R"({"a":1,"\u0062":2})", ".a", "b") == "can't rename .a: .a has a neighbour \"b\"");
  CHECK(rename(R"({"a":[1]})", ".a[0]", "b") == "can't rename .a[0]: .a[0] is an element");
}

TEST_CASE("stringify makes a string of a value's own text; strings and null stay") {
  CHECK(stringify(R"({"a":{"b": "x\n" }})", ".a") == R"({"a":"{\"b\": \"x\\n\" }"})");
  CHECK(stringify(R"({"a":1.10,"b":2})", ".a") == R"({"a":"1.10","b":2})");
  CHECK(stringify(R"({"a":true})", ".a") == R"({"a":"true"})");
  CHECK(stringify(R"({"a":[1,2]})", ".a[1]") == R"({"a":[1,"2"]})");
  CHECK(stringify(R"({"a":"x"})", ".a") == "unchanged");
  CHECK(stringify(R"({"a":null})", ".a") == "unchanged");
}

TEST_CASE("rewrite makes a new value of the old text, or leaves it") {
  const auto rewritten = [](std::string_view record, std::string_view path) {
    std::string out;
    const auto edit = rewrite(
        record, *parse_path(path),
        [](std::string_view raw) -> Result<std::optional<std::string>> {
          if (raw == "null") return Error{ErrorKind::corrupt, "nothing there"};
          if (raw == "1") return std::optional<std::string>();
          return std::optional<std::string>("<" + std::string(raw) + ">");
        },
        out);
    if (!edit.ok()) return "! " + edit.error().message;
    return *edit == Edit::changed ? out : "same" + out;
  };
  CHECK(rewritten(R"({ "a" : 2 , "b":3})", ".a") == R"({ "a" : <2> , "b":3})");
  CHECK(rewritten(R"({"a":2,"a":1,"a":[3]})", ".a") == R"({"a":<2>,"a":1,"a":<[3]>})");
  CHECK(rewritten(R"({"a":[1,2]})", ".a[1]") == R"({"a":[1,<2>]})");
  CHECK(rewritten(R"({"a":1})", ".a") == "same");
  CHECK(rewritten(R"({"a":1})", ".b.c") == "same");
  CHECK(rewritten(R"({"a":{"b":null}})", ".a.b") == "! nothing there");
}

TEST_CASE("compact drops line breaks and nothing else") {
  std::string out = "x";
  compact("{\r\n  \"a\" :\t1,\n\"b\":\"\\n\" }", out);
  CHECK(out == "x{  \"a\" :\t1,\"b\":\"\\n\" }");
  compact("", out);
  CHECK(out.size() == 22);
}

}  // namespace
}  // namespace sluice::json
