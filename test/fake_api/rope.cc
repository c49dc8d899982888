#include "rope.h"

#include <algorithm>

namespace sluice::fake_api {

void Rope::add(std::string_view text) {
  if (!text.empty()) pieces_.push_back({text, bytes() + text.size()});
}

void Rope::add_own(std::string text) {
  add(own_.emplace_back(std::move(text)));
}

std::string Rope::text() const {
  std::string all;
  all.reserve(bytes());
  for (const Piece& piece : pieces_) all += piece.text;
  return all;
}

int Rope::pieces(uint64_t offset, uint64_t bytes, iovec* pieces, int most) const {
  auto at = std::upper_bound(pieces_.begin(), pieces_.end(), offset,
                             [](uint64_t place, const Piece& piece) { return place < piece.end; });
  int count = 0;
  for (; at != pieces_.end() && count < most && bytes > 0; ++at) {
    const std::string_view rest = at->text.substr(at->text.size() - (at->end - offset));
    const uint64_t here = std::min<uint64_t>(rest.size(), bytes);
    pieces[count++] = {const_cast<char*>(rest.data()), here};
    offset += here;
    bytes -= here;
  }
  return count;
}

}  // namespace sluice::fake_api
