#include "json/scan.h"

#include <doctest/doctest.h>

#include <string>
#include <vector>

#include "base/clock.h"
#include "json/corpus.h"

namespace sluice::json {
namespace {

std::vector<Path> paths(std::initializer_list<std::string_view> texts) {
  std::vector<Path> paths;
  paths.reserve(texts.size());
  for (const std::string_view text : texts) paths.push_back(parse_path(text).value());
  return paths;
}

// Both implementations, on memory of exactly the text's size.
bool accepts(std::string_view text) {
  const std::vector<char> exact(text.begin(), text.end());
  const std::string_view view(exact.data(), exact.size());
  Scanner scanner;
  const bool accepted = scanner.scan(view);
  CHECK(accepted == !find_fault(view));
  return accepted;
}

std::optional<std::string_view> find(std::string_view text, std::string_view path) {
  static Scanner scanner;
  scanner = Scanner(paths({path}));
  REQUIRE(scanner.scan(text));
  return scanner.raw(0);
}

TEST_CASE("the values of wanted paths are raw slices") {
  Scanner scanner(paths({".b", ".a.x", ".n", ".list[1].k", ".none", ".", ".o"}));
  const std::string_view text =
      R"( {"a":{"x" : "y\"z" ,"q":0},"b" : 1.10 , "list":[0,{"j":1,"k":[ ]}], "n":null,"o":{"b":[]} } )";
  REQUIRE(scanner.scan(text));
  CHECK(scanner.raw(0) == "1.10");
  CHECK(scanner.raw(1) == R"("y\"z")");
  CHECK(scanner.raw(2) == "null");
  CHECK(scanner.raw(3) == "[ ]");
  CHECK(scanner.raw(4) == std::nullopt);
  CHECK(scanner.raw(5) == text.substr(1, text.size() - 2));
  CHECK(scanner.raw(6) == R"({"b":[]})");
  CHECK(scanner.value() == text.substr(1, text.size() - 2));
  REQUIRE(scanner.scan("[1]"));
  CHECK(scanner.raw(0) == std::nullopt);
  CHECK(scanner.raw(5) == "[1]");
}

TEST_CASE("a path may be wanted twice, and a path below another") {
  Scanner scanner(paths({".a", ".a.b", ".a", ".a.b.c"}));
  REQUIRE(scanner.scan(R"({"a":{"b":{"c":"d"}}})"));
  CHECK(scanner.raw(0) == R"({"b":{"c":"d"}})");
  CHECK(scanner.raw(1) == R"({"c":"d"})");
  CHECK(scanner.raw(2) == scanner.raw(0));
  CHECK(scanner.raw(3) == R"("d")");
}

TEST_CASE("of doubled keys the first counts, on every level") {
  CHECK(find(R"({"a":1,"a":2})", ".a") == "1");
  CHECK(find(R"({"a":{"x":1},"a":{"b":2}})", ".a.b") == std::nullopt);
  CHECK(find(R"({"a":7,"a":{"b":2}})", ".a.b") == std::nullopt);
  CHECK(find(R"({"a":{"b":1,"b":2},"a":{"b":3}})", ".a.b") == "1");
  CHECK(find(R"({"\u0061":1,"a":2})", ".a") == "1");
}

TEST_CASE("keys are compared decoded") {
  CHECK(find(R"({"x\\y":0,"\u0061\ud83d\ude00":1})", "/a😀") == "1");
  CHECK(find(R"({"a\"b":1})", R"(."a\"b")") == "1");
  CHECK(find(R"({"a\\":1})", R"(."a\\")") == "1");
  CHECK(find(R"({"a\\":1})", ".a") == std::nullopt);
  CHECK(find(R"({"a\"":1,"a":2})", ".a") == "2");
  CHECK(find(R"({"\t":1})", R"(."\t")") == "1");
  CHECK(find(R"({"":1})", R"(."")") == "1");
  CHECK(find(R"({"exactly7":1,"exactl7":2,"exactly78":3})", ".exactl7") == "2");
  CHECK(find(R"({"exactly7":1,"exactl7":2,"exactly78":3})", ".exactly7") == "1");
  CHECK(find(R"({"exactly7":1,"exactl7":2,"exactly78":3})", ".exactly78") == "3");
  CHECK(find(R"({"exactly7":1})", ".exactly") == std::nullopt);
}

TEST_CASE("a pointer's number is a key or an index, whichever is there") {
  CHECK(find(R"({"a":[5,6]})", "/a/1") == "6");
  CHECK(find(R"({"a":{"1":7}})", "/a/1") == "7");
  CHECK(find(R"({"a":{"1":7}})", ".a[1]") == std::nullopt);
  CHECK(find(R"({"a":[5,6]})", R"(.a."1")") == std::nullopt);
  CHECK(find("[[1,2],[3,[4]]]", ".[1][1][0]") == "4");
}

TEST_CASE("line breaks between tokens are noticed, those around the value are not") {
  Scanner scanner;
  REQUIRE(scanner.scan("\r\n{\"a\":\t1} \n"));
  CHECK(!scanner.has_line_break());
  REQUIRE(scanner.scan("{\"a\":\n1}"));
  CHECK(scanner.has_line_break());
  REQUIRE(scanner.scan("{\"a\":\r1}"));
  CHECK(scanner.has_line_break());
  REQUIRE(scanner.scan(R"({"a":"\n"})"));
  CHECK(!scanner.has_line_break());
}

TEST_CASE("a text that is not JSON says where and why") {
  const auto fault = [](std::string_view text) {
    Scanner scanner;
    CHECK(!scanner.scan(text));
    return scanner.fault().message();
  };
  CHECK(fault("") == "at byte 0: empty: expected a value");
  CHECK(fault("{\"a\" 1}") == "at byte 5: expected ':' after a key");
  CHECK(fault("{\"a\":1 \"b\":2}") == "at byte 7: expected ',' or '}'");
  CHECK(fault("[1 2]") == "at byte 3: expected ',' or ']'");
  CHECK(fault("[1}") == "at byte 2: expected ',' or ']'");
  CHECK(fault("[1,]") == "at byte 3: expected a value");
  CHECK(fault("{,}") == "at byte 1: expected a key or '}'");
  CHECK(fault("{\"a\":1,}") == "at byte 7: expected a key after ','");
  CHECK(fault("01") == "at byte 1: a number may not begin with 0");
  CHECK(fault("-x") == "at byte 1: expected a digit after '-'");
  CHECK(fault("1.e") == "at byte 2: expected a digit after '.'");
  CHECK(fault("1e+") == "at byte 3: cut short: the value is not complete");
  CHECK(fault("1ex") == "at byte 2: expected a digit in the exponent");
  CHECK(fault("trux") == "at byte 3: expected true, false or null");
  CHECK(fault("{} {}") == "at byte 3: something follows the value");
  CHECK(fault("\"a\nb\"") == "at byte 2: a control character in a string: it must be escaped");
  CHECK(fault(R"("\x")") == "at byte 2: no such escape");
  CHECK(fault(R"("\u00g0")") == "at byte 5: expected four hex digits after \\u");
  CHECK(fault("\"\xff\"") == "at byte 1: not UTF-8");
  CHECK(fault("\"\xe0\x80\x80\"") == "at byte 2: not UTF-8");
  CHECK(fault("\"abc") == "at byte 4: cut short: a string is not closed");
  CHECK(fault("{\"a\":[1") == "at byte 7: cut short: an array is not closed");
  CHECK(fault("{\"a\":1") == "at byte 6: cut short: an object is not closed");
  CHECK(fault("\xEF\xBB\xBF{}") == "at byte 0: expected a value");
  CHECK(find_fault("{\"a\":1")->truncated);
  CHECK(!find_fault("{\"a\":1]")->truncated);
}

TEST_CASE("containers may be 1,024 deep and no deeper") {
  const auto nested = [](size_t depth) {
    return std::string(depth, '[') + std::string(depth, ']');
  };
  CHECK(accepts(nested(1024)));
  CHECK(!accepts(nested(1025)));
  CHECK(find_fault(nested(1025))->offset == 1024);
  CHECK(!accepts(std::string(100'000, '[')));
  std::string objects;
  for (int i = 0; i < 1024; ++i) objects += R"({"a":)";
  CHECK(accepts(objects + "0" + std::string(1024, '}')));
}

TEST_CASE("numbers of any length are accepted and kept") {
  const std::string digits(5000, '7');
  const std::string text = "{\"a\":-" + digits + "." + digits + "E-" + digits + "}";
  CHECK(find(text, ".a") == text.substr(5, text.size() - 6));
  for (const char* good : {"0", "-0", "0.0", "1e5", "1E+5", "-1.5e-0", "10"}) CHECK(accepts(good));
  for (const char* bad : {"-", "+1", "00", "-01", ".5", "1.", "1e", "1e+", "0x1", "1_0", "1-", "1a",
                          "NaN", "Infinity", "1 1", "1\"a\"", "1.5.5"}) {
    CHECK(!accepts(bad));
  }
}

TEST_CASE("every byte but JSON's own is refused between tokens") {
  for (int byte = 0; byte < 256; ++byte) {
    const char c = static_cast<char>(byte);
    const bool blank = c == ' ' || c == '\t' || c == '\n' || c == '\r';
    CAPTURE(byte);
    CHECK(accepts(std::string("[1") + c + "]") == (blank || (c >= '0' && c <= '9')));
    CHECK(accepts(std::string("{\"a\"") + c + ":1}") == blank);
    CHECK(accepts(std::string("{\"a\":1}") + c) == blank);
    CHECK(accepts(std::string("[\"") + c + "\"]") ==
          (byte >= 0x20 && byte < 0x80 && c != '"' && c != '\\'));
    CHECK(accepts(std::string("[\"\\") + c + "\"]") ==
          (std::string_view("\"\\/bfnrt").find(c) != std::string_view::npos));
  }
}

TEST_CASE("a text cut anywhere, or with a byte changed, is judged alike by both implementations") {
  const std::string text =
      R"({"eventTime":"2024-02-08T10:00:00Z","é😀":[1.5e3,true,false,null,{}],"s":"\"\\\/\u00e9\ud83d\ude00 and long enough to cross a block of sixty-four bytes","o":{"k":{"k":[[]]}}})";
  CHECK(accepts(text));
  for (size_t i = 0; i < text.size(); ++i) {
    CHECK(!accepts(text.substr(0, i)));
    accepts(text.substr(i));
    for (const char c : std::string_view("\"\\{}[],: \n1a\x01\x1a\x0c\xff\xc3\x00", 18)) {
      std::string changed = text;
      changed[i] = c;
      accepts(changed);
      changed.insert(i, 70, ' ');
      accepts(changed);
    }
  }
}

TEST_CASE("a string, a key or a run of backslashes may cross any block or fill") {
  for (size_t blanks : {0, 50, 63, 64, 16370, 16383, 16384, 16385}) {
    for (const size_t slashes : {2, 62, 64, 66, 128}) {
      CAPTURE(blanks);
      CAPTURE(slashes);
      const std::string text =
          std::string(blanks, ' ') + "{\"" + std::string(slashes, '\\') + "k\":1,\"after\":2}";
      const std::string key = "/" + std::string(slashes / 2, '\\') + "k";
      CHECK(find(text, key) == "1");
      CHECK(find(text, ".after") == "2");
      CHECK(!accepts(std::string(blanks, ' ') + "[\"" + std::string(slashes + 1, '\\') + "\"]"));
    }
  }
  const std::string large = "{\"pad\":\"" + std::string(100'000, 'x') + "\",\"a\":[" +
                            std::string(40'000, ' ') + "\"y\" ] }";
  CHECK(find(large, ".a[0]") == "\"y\"");
}

TEST_CASE("JSONTestSuite: y_ are accepted, n_ refused, i_ do no harm") {
  size_t good = 0, bad = 0;
  for (const CorpusFile& file : read_corpus("jsontestsuite/test_parsing")) {
    CAPTURE(file.name);
    const bool accepted = accepts(file.bytes);
    if (file.name.starts_with("y_")) CHECK((++good, accepted));
    if (file.name.starts_with("n_")) CHECK((++bad, !accepted));
  }
  if (good + bad > 0) {
    CHECK(good == 95);
    CHECK(bad == 188);
  }
}

TEST_CASE("well-known JSON files are accepted") {
  for (const CorpusFile& file : read_corpus("json-simdjson")) {
    CAPTURE(file.name);
    if (file.name.ends_with(".json")) CHECK(accepts(file.bytes));
  }
}

}  // namespace
}  // namespace sluice::json
