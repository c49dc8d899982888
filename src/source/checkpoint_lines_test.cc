#include "source/checkpoint_lines.h"

#include <doctest/doctest.h>

#include <algorithm>

namespace sluice {
namespace {

struct Passed {
  std::string text;
  std::optional<LineCheckpoint> latest;
  bool operator==(const Passed&) const = default;
};

Passed pass(std::string_view text, size_t chunk_bytes = 1 << 20) {
  CheckpointLines lines;
  std::string out, held;
  do {
    std::string chunk = held + std::string(text.substr(0, chunk_bytes));
    text.remove_prefix(std::min(chunk_bytes, text.size()));
    const size_t keep = lines.pass(chunk.data(), chunk.size(), text.empty());
    held = chunk.substr(chunk.size() - keep);
    out += chunk.substr(0, chunk.size() - keep);
  } while (!text.empty());
  CHECK(held.empty());
  const auto all = lines.take_new();
  return {out, all.empty() ? std::nullopt : std::optional(all.back())};
}

TEST_CASE("a checkpoint is blanked out, and the latest counts") {
  const std::string first = R"({"sluice": {"checkpoint": "page 1"}})";
  const std::string text = "{\"n\":1}\n" + first + "\n{\"n\":2}\n" +
                           R"({ "sluice":{"checkpoint":"\u0041"} })" + "\r\n{\"n\":3}";
  const Passed passed = pass(text);
  CHECK(passed.text.size() == text.size());
  CHECK(passed.text.find("sluice") == std::string::npos);
  CHECK(passed.text.starts_with("{\"n\":1}\n" + std::string(first.size() + 1, '\n') + "{\"n\":2}"));
  CHECK(passed.latest == LineCheckpoint{"A", text.find("{\"n\":3}")});
  for (const size_t chunk : {1, 2, 3, 10, 40}) CHECK(pass(text, chunk) == passed);
}

TEST_CASE("a checkpoint may be the last thing that is said") {
  const Passed passed = pass(R"({"sluice":{"checkpoint":"x"}})");
  CHECK(passed.latest == LineCheckpoint{"x", 29});
  CHECK(passed.text == std::string(29, '\n'));
}

TEST_CASE("a line with anything else in it is a record") {
  for (const std::string line :
       {R"({"sluice":{"checkpoint":"x"},"n":1})", R"({"sluice":{"checkpoint":"x","n":1}})",
        R"({"sluice":{"checkpoint":1}})", R"({"sluice":"x"})", R"({"sluice":{"checkpoint":"x"})",
        R"( {"sluice":{"checkpoint":"x"}})", R"({"sluiced":1})", R"({)",
        R"(x{"sluice":{"checkpoint":"x"}})", ""}) {
    for (const size_t chunk : {1, 7, 1000}) {
      CHECK(pass(line, chunk) == Passed{line, std::nullopt});
      CHECK(pass(line + "\n", chunk) == Passed{line + "\n", std::nullopt});
    }
  }
  const std::string large =
      R"({"sluice":{"checkpoint":")" + std::string(CheckpointLines::line_bytes_max, 'x') + "\"}}\n";
  CHECK(pass(large, 1000) == Passed{large, std::nullopt});
}

}  // namespace
}  // namespace sluice
