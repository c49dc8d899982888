// A transform for which each call is dear (a pipe to a program): it takes records by the batch, and
// a single one as a batch of one.
#pragma once

#include <string>
#include <string_view>
#include <utility>

#include "flow/stage.h"

namespace sluice {

class BatchTransform : public Transform {
 public:
  bool wants_many() const final { return true; }
  Status apply_all(TransformBatch& batch) const override = 0;

  Result<Verdict> apply(std::string_view record, const RecordContext& context,
                        std::string& out) const final {
    TransformBatch batch{.unit = context.unit, .document = context.document, .records = {record}};
    batch.outcomes.resize(1);
    batch.answered = 1;
    batch.record_max = context.text_bytes_max;
    TRY(apply_all(batch));
    out = std::move(batch.outcomes[0].out);
    return std::move(batch.outcomes[0].verdict);
  }
};

}  // namespace sluice
