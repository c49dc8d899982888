#include "json/lines.h"

#include <doctest/doctest.h>

#include <string>
#include <vector>

#include "base/clock.h"

namespace sluice::json {
namespace {

struct Got {
  std::vector<std::string> lines;
  std::vector<Oversize> oversize;
  bool operator==(const Got&) const = default;
};

// The text in pieces of `piece` bytes; 0: of random size.
Got split(std::string_view text, size_t piece, uint64_t record_max = 1000) {
  Lines lines(record_max);
  Chance chance(text.size());
  Got got;
  std::string window;
  std::vector<Span> spans;
  const auto take = [&] {
    for (const Span& span : spans) got.lines.emplace_back(span.of(window));
    spans.clear();
    for (const Oversize& oversize : lines.take_oversize()) got.oversize.push_back(oversize);
  };
  while (!text.empty()) {
    const std::string_view next =
        text.substr(0, piece > 0 ? piece : 1 + chance.below(2 * record_max));
    text.remove_prefix(next.size());
    const size_t from = window.size();
    window += next;
    const size_t done = lines.split(window, from, spans);
    take();
    window.erase(0, done);
    CHECK(window.size() <= record_max + 1);
  }
  lines.finish(window, spans);
  take();
  return got;
}

TEST_CASE("lines end with LF, CR LF or the text; blank lines are left out") {
  const std::string text = "{\"a\":1}\n\n  \t\r\n{\"b\":2}\r\n 3 \nlast";
  const Got whole = split(text, text.size());
  CHECK(whole.lines == std::vector<std::string>{"{\"a\":1}", "{\"b\":2}", " 3 ", "last"});
  CHECK(whole.oversize.empty());
  for (size_t piece = 1; piece < text.size(); ++piece) CHECK(split(text, piece) == whole);
  CHECK(split("", 1) == Got{});
  CHECK(split("\n", 1) == Got{});
  CHECK(split("a\n", 1).lines == std::vector<std::string>{"a"});
  CHECK(split("a\r", 1).lines == std::vector<std::string>{"a"});
  CHECK(split("a\rb\n", 1).lines == std::vector<std::string>{"a\rb"});
}

TEST_CASE("an oversize line is reported and its neighbours arrive") {
  for (const char* end : {"\n", "\r\n"}) {
    const std::string line_end = end;
    const std::string text = "one" + line_end + std::string(10, 'x') + line_end +
                             std::string(11, 'y') + line_end + std::string(50, 'z') + line_end +
                             "two" + line_end + std::string(12, 'w');
    const uint64_t y_offset = 3 + 10 + 2 * line_end.size();
    const uint64_t z_offset = y_offset + 11 + line_end.size();
    for (size_t piece = 1; piece <= text.size(); ++piece) {
      CAPTURE(piece);
      const Got got = split(text, piece, 10);
      CHECK(got.lines == std::vector<std::string>{"one", std::string(10, 'x'), "two"});
      CHECK(got.oversize ==
            std::vector<Oversize>{{y_offset, 11}, {z_offset, 50}, {text.size() - 12, 12}});
    }
  }
}

TEST_CASE("random pieces give the same lines") {
  Chance chance(7);
  for (int round = 0; round < 300; ++round) {
    std::string text(chance.below(300), 'x');
    for (char& c : text) {
      const uint64_t dice = chance.below(10);
      if (dice < 2) c = "\n\r \t"[chance.below(4)];
    }
    const Got whole = split(text, text.size() + 1, 20);
    CHECK(split(text, 1, 20) == whole);
    CHECK(split(text, 0, 20) == whole);
  }
}

}  // namespace
}  // namespace sluice::json
