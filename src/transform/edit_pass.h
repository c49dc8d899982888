// Transforms that edit fields (set, drop, rename, stringify, cast), and how neighbours among them
// become one: a record is gone through once for all of their words, not once for each.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "flow/stage.h"
#include "json/edit_plan.h"
#include "transform/field_reader.h"

namespace sluice {

class EditTransform : public Transform {
 public:
  virtual std::vector<json::EditWord> words() const = 0;
  // What its words that set take from the record.
  virtual std::vector<json::Path> reads() const { return {}; }
  // Their raw values, in order; `fields` are reads().
  virtual Status append_values(FieldValues, const RecordContext&, std::vector<std::string>&) const {
    return {};
  }
};

// To be called when all have got their paths. What comes out of the list does just what
// went in.
void join_edits(std::vector<std::unique_ptr<Transform>>& transforms);

}  // namespace sluice
