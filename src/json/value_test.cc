#include "json/value.h"

#include <doctest/doctest.h>

#include "json/scan.h"

namespace sluice::json {
namespace {

TEST_CASE("a value's text: strings decoded, numbers as they stand, the rest is missing") {
  CHECK(as_text(R"("a b")") == "a b");
  CHECK(as_text("1.10") == "1.10");
  CHECK(as_text("-12345678901234567890e-5") == "-12345678901234567890e-5");
  CHECK(as_text("true") == "true");
  CHECK(as_text("false") == "false");
  for (const char* missing : {"null", R"("")", "{}", R"({"a":1})", "[]", "[1]"}) {
    CHECK(as_text(missing) == std::nullopt);
  }
  std::string out = "x";
  CHECK(append_text("7", out));
  CHECK(!append_text("null", out));
  CHECK(out == "x7");
}

TEST_CASE("the kind of a value shows in its first byte") {
  CHECK(kind("{}") == Kind::object);
  CHECK(kind("[]") == Kind::array);
  CHECK(kind(R"("")") == Kind::string);
  CHECK(kind("-1") == Kind::number);
  CHECK(kind("0") == Kind::number);
  CHECK(kind("true") == Kind::boolean);
  CHECK(kind("false") == Kind::boolean);
  CHECK(kind("null") == Kind::null);
  CHECK(describe(Kind::object) == "an object");
  CHECK(describe(Kind::null) == "null");
}

TEST_CASE("escapes are decoded, pairs of surrogates become one character") {
  CHECK(unescape(R"(\"\\\/\b\f\n\r\t)") == "\"\\/\b\f\n\r\t");
  CHECK(unescape(R"(\u0041\u00e9\u20AC)") == "Aé€");
  CHECK(unescape(R"(x\ud83d\ude00y)") == "x😀y");
  CHECK(unescape(R"(\u0000)") == std::string(1, '\0'));
}

TEST_CASE("a lone surrogate becomes U+FFFD, and what follows is kept") {
  CHECK(unescape(R"(\ud83d)") == "\uFFFD");
  CHECK(unescape(R"(\ud83dx)") == "\uFFFDx");
  CHECK(unescape(R"(\ude00\ud83d)") == "\uFFFD\uFFFD");
  CHECK(unescape(R"(\ud83d\ud83d\ude00)") == "\uFFFD😀");
  CHECK(unescape(R"(\ud83d\n)") == "\uFFFD\n");
  CHECK(unescape(R"(\ud83d\u0041)") == "\uFFFDA");
}

TEST_CASE("quoting escapes what must be escaped and nothing else") {
  CHECK(quote("") == R"("")");
  CHECK(quote("a/é😀\x7f") == "\"a/é😀\x7f\"");
  CHECK(quote("\"\\\b\f\n\r\t") == R"("\"\\\b\f\n\r\t")");
  CHECK(quote(std::string_view("\0\x01\x1f", 3)) == R"("\u0000\u0001\u001f")");
}

TEST_CASE("quote and unescape are each other's inverse for every character below U+0800") {
  for (uint32_t code = 0; code < 0x800; ++code) {
    std::string text;
    if (code < 0x80) {
      text += static_cast<char>(code);
    } else {
      text += static_cast<char>(0xC0 | code >> 6);
      text += static_cast<char>(0x80 | (code & 0x3F));
    }
    const std::string quoted = quote(text);
    REQUIRE(!find_fault(quoted));
    REQUIRE(unescape(std::string_view(quoted).substr(1, quoted.size() - 2)) == text);
  }
}

TEST_CASE("UTF-8 is told from what isn't") {
  CHECK(is_utf8(""));
  CHECK(is_utf8("aé€😀"));
  CHECK(!is_utf8("\xff"));
  CHECK(!is_utf8("\xc3"));
  CHECK(!is_utf8("\xed\xa0\x80"));
}

}  // namespace
}  // namespace sluice::json
