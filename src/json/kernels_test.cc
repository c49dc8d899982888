#include "json/kernels.h"

#include <doctest/doctest.h>

#include <string>
#include <vector>

#include "base/clock.h"

namespace sluice::json {
namespace {

// Text that is dense in what the kernels look for.
std::string noise(Chance& chance, size_t bytes) {
  constexpr std::string_view alphabet = "\"\"\"\\\\{}[]{}[],: \t\n\r1a\x01\x0c\x1a\x7f\xc3\xa9u00";
  std::string text(bytes, 'x');
  for (char& c : text) {
    if (chance.below(3) > 0) c = alphabet[chance.below(alphabet.size())];
  }
  return text;
}

// Heap memory of exactly this size, so that a sanitizer sees a read beyond it.
std::vector<char> exact(std::string_view text) {
  return {text.begin(), text.end()};
}

TEST_CASE("all kernels skim alike, in pieces of any size") {
  Chance chance(1);
  for (int round = 0; round < 3000; ++round) {
    const std::vector<char> text = exact(noise(chance, chance.below(300)));
    std::vector<size_t> ends;
    std::vector<uint64_t> depths;
    const uint64_t depth = 1 + chance.below(4);
    for (const Kernels* kernels : all_kernels()) {
      Skim whole{.depth = depth};
      ends.push_back(kernels->skim(text.data(), text.size(), whole));
      depths.push_back(whole.depth);
      Skim pieces{.depth = depth};
      size_t at = 0;
      while (at < text.size() && pieces.depth > 0) {
        const size_t bytes = std::min<size_t>(1 + chance.below(130), text.size() - at);
        at += kernels->skim(text.data() + at, bytes, pieces);
      }
      ends.push_back(at);
      depths.push_back(pieces.depth);
    }
    for (const size_t end : ends) REQUIRE(end == ends[0]);
    for (const uint64_t left : depths) REQUIRE(left == depths[0]);
  }
}

TEST_CASE("all kernels find the end of a string alike, in pieces of any size") {
  Chance chance(2);
  for (int round = 0; round < 3000; ++round) {
    std::string bytes(chance.below(200), 'x');
    for (char& c : bytes) {
      if (chance.below(2) == 0) c = '\\';
    }
    if (!bytes.empty()) bytes[chance.below(bytes.size())] = '"';
    const std::vector<char> text = exact(bytes);
    std::vector<size_t> ends;
    for (const Kernels* kernels : all_kernels()) {
      uint64_t escaped = 0;
      ends.push_back(kernels->string_end(text.data(), text.size(), escaped));
      escaped = 0;
      size_t end = 0;
      for (size_t at = 0; at < text.size() && end == 0;) {
        const size_t piece = std::min<size_t>(1 + chance.below(130), text.size() - at);
        end = kernels->string_end(text.data() + at, piece, escaped);
        if (end > 0) end += at;
        at += piece;
      }
      ends.push_back(end);
    }
    for (const size_t end : ends) REQUIRE(end == ends[0]);
  }
}

TEST_CASE("all kernels index alike, but for control characters that stand for nothing") {
  Chance chance(3);
  for (int round = 0; round < 3000; ++round) {
    std::string bytes = noise(chance, chance.below(400));
    for (char& c : bytes) {
      if (c == 0x0c || c == 0x1a) c = 'x';
    }
    const std::vector<char> text = exact(bytes);
    std::vector<std::vector<uint32_t>> found;
    std::vector<Indexing> states;
    for (const Kernels* kernels : all_kernels()) {
      std::vector<uint32_t> positions(text.size() + 64);
      Indexing state;
      const char* end = text.data() + text.size();
      const size_t half = text.size() / 128 * 64;
      size_t count = kernels->index(text.data(), half, end, 0, state, positions.data());
      count += kernels->index(text.data() + half, text.size() - half, end,
                              static_cast<uint32_t>(half), state, positions.data() + count);
      positions.resize(count);
      found.push_back(positions);
      states.push_back(state);
    }
    for (size_t i = 0; i < found.size(); ++i) {
      REQUIRE(found[i] == found[0]);
      REQUIRE(states[i].bad == states[0].bad);
      REQUIRE(states[i].backslashes == states[0].backslashes);
      REQUIRE(states[i].controls == states[0].controls);
      REQUIRE(states[i].non_ascii == states[0].non_ascii);
    }
  }
}

}  // namespace
}  // namespace sluice::json
