#include "json/path.h"

#include <doctest/doctest.h>

namespace sluice::json {
namespace {

Path path(std::string_view text) {
  return parse_path(text).value();
}

TEST_CASE("a field is keys and indexes") {
  CHECK(path(".a.b[0]") == Path{{Step::member("a"), Step::member("b"), Step::element(0)}});
  CHECK(path(R"(.a."odd \"key\"\u0021"[12].c)") ==
        Path{{Step::member("a"), Step::member("odd \"key\"!"), Step::element(12),
              Step::member("c")}});
  CHECK(path(".@timestamp.x-y_z.größe") ==
        Path{{Step::member("@timestamp"), Step::member("x-y_z"), Step::member("größe")}});
  CHECK(path(".[3]") == Path{{Step::element(3)}});
  CHECK(path(".") == Path{});
  CHECK(path(".").whole());
}

TEST_CASE("a JSON pointer is a field too, and its numbers are keys or indexes") {
  CHECK(path("/a/b") == path(".a.b"));
  CHECK(path("/a~1b/m~0n/") == path(R"(."a/b"."m~n"."")"));
  CHECK(path("/a/0").steps[1] == Step{Step::Kind::either, "0", 0});
  CHECK(path("/a/0").steps[1].is_key("0"));
  CHECK(path("/a/0").steps[1].is_index(0));
  CHECK(path("/00") == path(R"(."00")"));
  CHECK(path("/9x") == path(R"(."9x")"));
  CHECK(path("/99999999999") == path(R"(."99999999999")"));
}

TEST_CASE("to_string and parse_path are each other's inverse") {
  for (const char* text : {".", ".a", ".a.b[0]", ".[0][1]", R"(."odd key".b)", R"(."")",
                           "/a/0/b~1c~0d", R"(."\"\\\u0001")", ".größe", "/0"}) {
    CAPTURE(text);
    CHECK(to_string(path(text)) == text);
    CHECK(path(to_string(path(text))) == path(text));
  }
  CHECK(to_string(path("/a/b")) == ".a.b");
}

TEST_CASE("a field that is wrong says where and why") {
  const auto message = [](std::string_view text) { return parse_path(text).error().message; };
  CHECK(message("") == "at 0: expected a field, as in .a.b[0] or /a/b/0");
  CHECK(message("a") == "at 0: expected a field, as in .a.b[0] or /a/b/0");
  CHECK(message(".a.") == "at 3: expected a key after '.'");
  CHECK(message(".a..b") == "at 3: expected a key after '.'");
  CHECK(message(".a b") ==
        "at 2: expected '.', '[' or the field's end; an odd key is written .\"odd key\"");
  CHECK(message(".a[x]") == "at 3: expected an element's number and ']', as in .a[0]");
  CHECK(message(".a[01]") == "at 3: expected an element's number and ']', as in .a[0]");
  CHECK(message(".a[4294967296]") == "at 3: expected an element's number and ']', as in .a[0]");
  CHECK(message(".a[0") == "at 3: expected an element's number and ']', as in .a[0]");
  CHECK(message(".\"a") == "at 1: this key has no closing '\"'");
  CHECK(message(R"(.a."b\x")") == "at 6: no such escape");
  CHECK(message("/a~2") == "at 2: in a JSON pointer '~' is written ~0, '/' is ~1");
  CHECK(message("/1/2/3/4/5/6/7/8/9") ==
        "at 16: too many numbers in a JSON pointer: write it as .a[0]");
  CHECK(message(".a\xff") == "at 0: the field is not UTF-8");
  CHECK(parse_path(".a.").error().kind == ErrorKind::invalid);
}

TEST_CASE("a prefix ends where the grammar ends") {
  const auto length = [](std::string_view text) { return path_prefix(text).value().length; };
  CHECK(length(".eventTime:%F}/") == 10);
  CHECK(length(".a.\"x:}\"}") == 8);
  CHECK(length(".}") == 1);
  CHECK(length(".a[0]}") == 5);
  CHECK(length(".a == 1") == 2);
  CHECK(length("/a/b:%F}") == 4);
  CHECK(path_prefix("/a/0}").value().path == path("/a/0"));
  CHECK(!path_prefix("unit}").ok());
  CHECK(!path_prefix(".a.}").ok());
}

}  // namespace
}  // namespace sluice::json
