#include "flow/set_aside.h"

#include <doctest/doctest.h>

#include "base/checksum.h"

namespace sluice {
namespace {

std::string line_of(std::string_view bytes) {
  return set_aside_line(Secrets(), {.offset = 7, .reason = "bad"}, "d", bytes);
}

}  // namespace

TEST_CASE("what is set aside is kept as text where people can read it") {
  CHECK(line_of("{\"a\":\"b\",\t\"c\"") ==
        R"({"document":"d","offset":7,"reason":"bad","text":"{\"a\":\"b\",\t\"c\""})");
  std::string quotes;
  for (int i = 0; i < 1000; ++i) quotes += R"("name":1,)";
  CHECK(line_of(quotes).find(R"("text")") != std::string::npos);
}

TEST_CASE("control characters that are set aside don't grow sixfold") {
  const std::string controls(100'000, '\x01');
  const std::string line = line_of(controls);
  CHECK(line.size() < controls.size() * 4 / 3 + 200);
  CHECK(line.find(base64(controls)) != std::string::npos);
}

}  // namespace sluice
