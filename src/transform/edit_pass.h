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
  // Of its words that set, the `which`th's raw value; `fields` are reads(). too_large: `out` would
  // be longer than bytes_max.
  virtual Status append_value(size_t which, FieldValues fields, const RecordContext&,
                              uint64_t bytes_max, std::string& out) const {
    static_cast<void>(which), static_cast<void>(fields), static_cast<void>(bytes_max);
    static_cast<void>(out);
    return {};
  }
  // Of all of them together, about; rather more than less.
  virtual size_t value_bytes_about(FieldValues) const { return 0; }
};

// To be called when all have got their paths. What comes out of the list does just what
// went in.
void join_edits(std::vector<std::unique_ptr<Transform>>& transforms);

}  // namespace sluice
