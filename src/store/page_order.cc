#include "store/page_order.h"

#include <algorithm>

#include "base/text.h"

namespace sluice {
namespace {

Error lost(const std::string& why) {
  return {ErrorKind::invalid, "the store's listing doesn't go forward: " + why +
                                  "; what it has would be missed or read twice"};
}

Error not_behind(std::string_view name, std::string_view last) {
  return lost("\"" + excerpt(name, 200) + "\" comes behind \"" + excerpt(last, 200) + "\"");
}

}  // namespace

Status PageOrder::pass(const Page& page) {
  std::string_view last = last_;
  for (const Listed& object : page.objects) {
    if (!last.empty() && object.key.view() <= last) return not_behind(object.key.view(), last);
    last = object.key.view();
  }
  std::string_view last_prefix = last_;
  for (const std::string& prefix : page.prefixes) {
    if (!last_prefix.empty() && prefix <= last_prefix) return not_behind(prefix, last_prefix);
    last_prefix = prefix;
  }
  // A view of last_ itself is left alone.
  if (const std::string_view furthest = std::max(last, last_prefix); furthest != last_) {
    last_ = std::string(furthest);
  }
  return move_on(page.next);
}

Status PageOrder::pass(const UploadPage& page) {
  for (const OpenUpload& upload : page.uploads) {
    if (upload.key.view() < last_) return not_behind(upload.key.view(), last_);
    if (upload.key.view() != last_) ids_.clear();
    if (std::find(ids_.begin(), ids_.end(), upload.id) != ids_.end()) {
      return lost("upload " + upload.id.str() + " of \"" + excerpt(last_, 200) + "\" comes twice");
    }
    last_ = upload.key.str();
    ids_.push_back(upload.id);
  }
  return move_on(page.next);
}

Status PageOrder::move_on(const std::optional<std::string>& next) {
  if (!next) return {};
  if (next->empty()) return lost("more follows, it says, but not where");
  if (pages_ > 0 && *next == token_) return lost("a page is said to follow that came before");
  if (++pages_ == token_until_) {
    token_ = *next;
    token_until_ *= 2;
  }
  return {};
}

}  // namespace sluice
