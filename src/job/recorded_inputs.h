// The inputs that a manifest says were read, in key order, wherever they are listed: one after
// another, a piece of the list in memory at a time. Blocking.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "base/result.h"
#include "ledger/record.h"
#include "ledger/unit.h"
#include "store/store.h"

namespace sluice {

class RecordedInputs {
 public:
  // All references outlive it.
  RecordedInputs(const ledger::Inputs& inputs, const ledger::Unit& unit, Store& state)
      : inputs_(inputs), unit_(unit), state_(state) {}
  // Nothing: there are no more.
  Result<std::optional<ledger::Input>> next();

 private:
  Status read_piece();

  const ledger::Inputs& inputs_;
  const ledger::Unit& unit_;
  Store& state_;
  std::vector<ledger::Input> piece_;  // The one that is being given out; of a short list unused
  size_t next_ = 0;
  uint64_t pieces_read_ = 0;
};

}  // namespace sluice
