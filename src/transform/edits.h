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
  Edits(std::string_view record, std::string& out) : text_(record), out_(out) { out_.clear(); }

  // `edit(text, to)` is one of json/edit.h's.
  template <class Edit>
  Status apply(Edit&& edit) {
    std::string& to = changed_ ? spare_ : out_;
    to.clear();
    if (TRY(edit(text_, to)) == json::Edit::unchanged) return {};
    if (changed_) std::swap(out_, spare_);
    text_ = out_;
    changed_ = true;
    return {};
  }
  Verdict verdict() const { return changed_ ? Verdict::changed : Verdict::unchanged; }

 private:
  std::string_view text_;  // As it is now
  std::string& out_;
  std::string spare_;
  bool changed_ = false;
};

}  // namespace sluice
