// Wanted paths as one tree, so that a text is walked once for all of them. Scanner and Slicer share
// it.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "json/path.h"

namespace sluice::json {

struct Trie {
  static constexpr uint32_t none = UINT32_MAX;

  struct Member {
    std::string key;
    uint32_t node = none;
    // The key's first bytes and its closing quote, as they stand in a text; at most 8 of them.
    uint64_t head = 0, head_mask = 0;
    bool raw = true;  // Stands in a text without escapes. (Otherwise only with them.)
  };
  struct Element {
    uint32_t index = 0;
    uint32_t node = none;
  };
  struct Node {
    std::vector<Member> members;
    std::vector<Element> elements;
    bool wanted = false;  // A path ends here
    // A bit for the two first bytes of each member's key and closing quote: most keys of a text
    // have none of them.
    uint64_t filter = 0;
  };

  std::vector<Node> nodes = std::vector<Node>(1);  // The first is the whole record

  // Answers the nodes where the path ends: several if a pointer's number may be a key or an index,
  // of which one text has at most one.
  std::vector<uint32_t> add(const Path& path);

  static int filter_bit(unsigned char first, unsigned char second) {
    return (first ^ first >> 5 ^ second << 3) & 63;
  }

  uint32_t element(uint32_t node, uint64_t index) const {
    for (const Element& element : nodes[node].elements) {
      if (element.index == index) return element.node;
    }
    return none;
  }

 private:
  uint32_t member_of(uint32_t node, const std::string& key);
  uint32_t element_of(uint32_t node, uint32_t index);
};

}  // namespace sluice::json
