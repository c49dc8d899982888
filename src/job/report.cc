#include "job/report.h"

namespace sluice {

std::string_view to_string(UnitOutcome outcome) {
  switch (outcome) {
    case UnitOutcome::done:
      return "done";
    case UnitOutcome::done_already:
      return "done already";
    case UnitOutcome::done_by_other:
      return "done by another run";
    case UnitOutcome::stale:
      return "stale";
    case UnitOutcome::lost:
      return "lost to another run";
    case UnitOutcome::claimed:
      return "claimed by another run";
    case UnitOutcome::failed:
      return "failed";
    case UnitOutcome::stopped:
      return "stopped";
  }
  return "unknown";
}

// 1 before 4 before 3.
int RunReport::exit_code(bool ok_set_aside) const {
  bool stopped = false, set_aside = false;
  if (!errors.empty()) return 1;
  for (const UnitReport& unit : units) {
    if (unit.outcome == UnitOutcome::failed || unit.outcome == UnitOutcome::lost) return 1;
    stopped |= unit.outcome == UnitOutcome::stopped || unit.outcome == UnitOutcome::claimed;
    set_aside |= unit.tally.set_aside() > 0;
  }
  if (stopped) return 4;
  return set_aside && !ok_set_aside ? 3 : 0;
}

}  // namespace sluice
