#include "json/trie.h"

#include <algorithm>
#include <cstring>

namespace sluice::json {

std::vector<uint32_t> Trie::add(const Path& path) {
  std::vector<uint32_t> ends = {0};
  for (const Step& step : path.steps) {
    std::vector<uint32_t> next;
    for (const uint32_t node : ends) {
      if (step.kind != Step::Kind::index) next.push_back(member_of(node, step.key));
      if (step.kind != Step::Kind::key) next.push_back(element_of(node, step.index));
    }
    ends = std::move(next);
  }
  for (const uint32_t node : ends) nodes[node].wanted = true;
  return ends;
}

uint32_t Trie::member_of(uint32_t node, const std::string& key) {
  for (const Member& member : nodes[node].members) {
    if (member.key == key) return member.node;
  }
  Member member;
  member.key = key;
  member.node = static_cast<uint32_t>(nodes.size());
  const std::string ending = key + '"';
  const size_t length = std::min<size_t>(ending.size(), sizeof member.head);
  std::memcpy(&member.head, ending.data(), length);
  std::memset(&member.head_mask, 0xFF, length);
  member.raw = std::none_of(key.begin(), key.end(), [](char c) {
    return c == '"' || c == '\\' || static_cast<unsigned char>(c) < 0x20;
  });
  // Of the empty key only the quote is known.
  const auto byte = [&](size_t i) { return static_cast<unsigned char>(ending[i]); };
  nodes[node].filter |= key.empty() ? UINT64_MAX : uint64_t{1} << filter_bit(byte(0), byte(1));
  nodes[node].members.push_back(std::move(member));
  nodes.emplace_back();
  return static_cast<uint32_t>(nodes.size() - 1);
}

uint32_t Trie::element_of(uint32_t node, uint32_t index) {
  if (const uint32_t known = element(node, index); known != none) return known;
  nodes[node].elements.push_back({index, static_cast<uint32_t>(nodes.size())});
  nodes.emplace_back();
  return static_cast<uint32_t>(nodes.size() - 1);
}

}  // namespace sluice::json
