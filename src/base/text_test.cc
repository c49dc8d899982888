#include "base/text.h"

#include <doctest/doctest.h>

#include <array>

#include "base/nearest.h"

namespace sluice {

TEST_CASE("numbers are whole or nothing") {
  CHECK(parse_number<uint32_t>("17") == 17);
  CHECK(parse_number<int64_t>("-17") == -17);
  CHECK_FALSE(parse_number<uint32_t>("-17"));
  CHECK_FALSE(parse_number<uint32_t>("17x"));
  CHECK_FALSE(parse_number<uint32_t>(""));
  CHECK_FALSE(parse_number<uint32_t>("4294967296"));
}

TEST_CASE("numbers are padded, never cut") {
  std::string out = "n";
  append_padded(7, 5, out);
  append_padded(123456, 5, out);
  append_padded(0, 1, out);
  CHECK(out == "n000071234560");
}

TEST_CASE("text is trimmed, split, joined and cut between characters") {
  CHECK(trim(" \t a b\r\n") == "a b");
  CHECK(trim("  ").empty());
  CHECK(split("a,,b", ',') == std::vector<std::string_view>{"a", "", "b"});
  CHECK(split("", ',').size() == 1);
  CHECK(join({"a", "b"}, ", ") == "a, b");
  CHECK(excerpt("a\x01"
                "b") == "a?b");
  CHECK(excerpt("h\xC3\xA9llo", 2) == "h...");
  CHECK(excerpt("hello", 5) == "hello");
}

TEST_CASE("the nearest word is the one that was meant") {
  const std::array<std::string_view, 5> words = {"partition", "name", "dedupe", "format", "roll"};
  CHECK(nearest("partitoin", words) == "partition");
  CHECK(nearest("nmae", words) == "name");
  CHECK(nearest("fromat", words) == "format");
  CHECK_FALSE(nearest("colour", words));
  CHECK_FALSE(nearest(std::string(1000, 'x'), words));
  CHECK(edit_distance("kitten", "sitting") == 3);
  CHECK(edit_distance("ab", "ba") == 1);
  CHECK(edit_distance("", "abc") == 3);
  CHECK(suggestion("partitoin", words) == "; did you mean `partition`?");
  CHECK(suggestion("colour", words) == "; one of partition, name, dedupe, format, roll");
}

}  // namespace sluice
