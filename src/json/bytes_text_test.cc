#include "json/bytes_text.h"

#include <doctest/doctest.h>

#include "json/value.h"

namespace sluice::json {

TEST_CASE("any bytes can be written as text and are read back") {
  std::string all;
  for (int i = 0; i < 256; ++i) all += static_cast<char>(i);
  for (const std::string& bytes :
       {std::string("a/b.gz"), std::string("k\u00e9"), std::string("caf\xE9.json"),
        std::string("\xFF\xFE"), std::string("\xC3\xA9\xC3"), std::string(1, '\0'),
        std::string("\0caf\u00e9", 7), all, std::string()}) {
    const std::string text = text_of_bytes(bytes);
    CHECK(is_utf8(text));
    CHECK(bytes_of_text(text) == bytes);
  }
  CHECK(text_of_bytes("k\u00e9") == "k\u00e9");
  CHECK(bytes_of_text(std::string("\0\u20AC", 4)) == std::string("\0\u20AC", 4));
}

}  // namespace sluice::json
