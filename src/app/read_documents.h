// The beginning of a unit's documents, for a look at them: read through the source as a run would,
// but only a few, and kept whole in memory.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/result.h"
#include "flow/makers.h"
#include "flow/stage.h"

namespace sluice {

struct DocumentHead {
  Document document;
  std::string bytes;  // A small one whole, of a large one the first chunk
  bool whole = false;
  std::string bad = {};  // Why it can't be read
};

// At most so many documents, in input order.
Result<std::vector<DocumentHead>> read_documents(const SourceMaker& maker, const UnitNames& unit,
                                                 uint64_t documents_max);

}  // namespace sluice
