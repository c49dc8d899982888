// Whether a listing goes forward: every page behind the one before, and the words that say where
// the next begins never again the same. A server that loses its place, a proxy that keeps answers,
// a wrapper that takes a page for another would else make a reader go round for ever, read objects
// twice or miss some. Whoever asks for pages passes each through here, whatever store it comes
// from.
//
// A value of a few strings. One for each listing, from its first page on.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "store/store.h"

namespace sluice {

class PageOrder {
 public:
  PageOrder() = default;
  // Of a list with List::start_after.
  explicit PageOrder(std::string start_after) : last_(std::move(start_after)) {}

  // `invalid` if the page isn't what can follow. Each of its two lists ascends strictly and begins
  // behind the page before; uploads of one key have ids of their own.
  Status pass(const Page& page);
  Status pass(const UploadPage& page);
  // The last key or prefix that has passed.
  const std::string& last() const { return last_; }

  bool operator==(const PageOrder&) const = default;

 private:
  Status move_on(const std::optional<std::string>& next);

  std::string last_;
  std::vector<UploadId> ids_;  // Of the uploads of this key
  // Brent's way to see a circle of any length, with one token kept: https://en.wikipedia.org/wiki/
  // Cycle_detection. Also pages without an entry can go round.
  std::string token_;
  uint64_t pages_ = 0, token_until_ = 1;
};

}  // namespace sluice
