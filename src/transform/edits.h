// Several edits of one record, one after the other, for transforms.
#pragma once

#include <string>
#include <string_view>
#include <utility>

#include "base/result.h"
#include "flow/stage.h"
#include "json/edit.h"

namespace sluice {

// `out` ends up as Transform::apply wants it. Both must outlive the edits.
class Edits {
 public:
  // Once the text is longer than `bytes_max`, the edit that made it so is an error.
  Edits(std::string_view record, uint64_t bytes_max, std::string& out)
      : text_(record), bytes_max_(bytes_max), out_(out) {
    out_.clear();
  }

  // `edit(text, to)` is one of json/edit.h's.
  template <class Edit>
  Status apply(Edit&& edit) {
    std::string& to = changed_ ? spare_ : out_;
    to.clear();
    if (TRY(edit(text_, to)) == json::Edit::unchanged) return {};
    if (to.size() > bytes_max_) return Transform::longer_than(bytes_max_);
    if (changed_) std::swap(out_, spare_);
    text_ = out_;
    changed_ = true;
    return {};
  }
  Verdict verdict() const { return changed_ ? Verdict::changed : Verdict::unchanged; }

 private:
  std::string_view text_;  // As it is now
  const uint64_t bytes_max_;
  std::string& out_;
  std::string spare_;
  bool changed_ = false;
};

}  // namespace sluice
