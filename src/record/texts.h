// Texts that are made of records: kept in a few blocks, where each stays as long as its batch does.
// What one costs can be asked before it is added, so that whoever pays may refuse.
#pragma once

#include <algorithm>
#include <cstddef>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/buffer.h"

namespace sluice {

class Texts {
 public:
  // A longer one is not copied, but kept as the string that it is.
  static constexpr size_t copied_bytes_max = 32 << 10;

  // How many bytes more are held once this text is added.
  size_t cost(const std::string& text) const {
    if (text.size() > copied_bytes_max) return text.capacity();
    return fits(text.size()) ? 0 : block_bytes(text.size());
  }
  // Leaves `text` empty, but for its memory where it was copied.
  std::string_view add(std::string& text) {
    if (text.size() > copied_bytes_max) return large_.emplace_back(std::exchange(text, {}));
    if (!fits(text.size())) blocks_.emplace_back(block_bytes(text.size()));
    Buffer& block = blocks_.back();
    const size_t begin = block.size();
    block.append(text);
    text.clear();
    return block.view().substr(begin);
  }

 private:
  static constexpr size_t block_bytes_first = 1 << 10, block_bytes_max = 64 << 10;

  bool fits(size_t bytes) const { return !blocks_.empty() && bytes <= blocks_.back().room(); }
  size_t block_bytes(size_t bytes) const {
    const size_t doubled = block_bytes_first << std::min<size_t>(blocks_.size(), 6);
    return std::max(bytes, std::min(doubled, block_bytes_max));
  }

  std::vector<Buffer> blocks_;
  std::vector<std::string> large_;  // Their bytes stay where they are when it grows
};

}  // namespace sluice
