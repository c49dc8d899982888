// The phase that a unit is in (unit_task.h says which follows upon which). A trace is told of each
// once it is over.
#pragma once

#include <cstdint>

#include "base/clock.h"
#include "meter/trace.h"

namespace sluice {

class UnitPhase {
 public:
  enum Kind : uint8_t { ledger, filling, sweeping, ended };
  // It begins in `ledger`. `series`: one of the unit's, for the trace. Null: nobody wants to know.
  UnitPhase(Trace* trace, uint32_t series) : trace_(trace), series_(series), entered_(now()) {}
  void enter(Kind next);
  operator Kind() const { return kind_; }  // NOLINT: it is read as what it is

 private:
  Trace* const trace_;
  const uint32_t series_;
  Kind kind_ = ledger;
  Instant entered_;
};

}  // namespace sluice
