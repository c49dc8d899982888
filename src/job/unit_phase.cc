#include "job/unit_phase.h"

#include <array>
#include <string_view>

namespace sluice {

void UnitPhase::enter(Kind next) {
  constexpr std::array<std::string_view, 4> names = {"ledger", "filling", "sweeping", "ended"};
  if (trace_ != nullptr) {
    const Instant at = now();
    trace_->add({.kind = Interval::Kind::phase,
                 .name = names[kind_],
                 .series = series_,
                 .begin = entered_,
                 .end = at});
    entered_ = at;
  }
  kind_ = next;
}

}  // namespace sluice
