// An answer's body as pieces of memory that others keep: records lie once, and pages point at them.
#pragma once

#include <cstdint>
#include <deque>
#include <string>
#include <string_view>
#include <vector>

#include "http_server/http_message.h"

namespace sluice::fake_api {

class Rope : public http_server::Body {
 public:
  // `text` must stay where it is as long as the rope.
  void add(std::string_view text);
  // The rope keeps it.
  void add_own(std::string text);
  uint64_t bytes() const { return pieces_.empty() ? 0 : pieces_.back().end; }
  std::string text() const;
  int pieces(uint64_t offset, uint64_t bytes, iovec* pieces, int most) const override;

 private:
  struct Piece {
    std::string_view text;
    uint64_t end = 0;  // Of this piece, in the whole
  };
  std::deque<std::string> own_;  // A deque, for its elements don't move
  std::vector<Piece> pieces_;
};

}  // namespace sluice::fake_api
