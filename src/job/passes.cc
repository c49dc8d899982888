#include "job/passes.h"

namespace sluice {

Result<Since> next_pass(const Incremental& job, const ledger::Record& record) {
  if (!record.manifest || record.manifest->reached == ledger::Reached{}) return since(job, {});
  const ledger::Reached& last = record.manifest->reached;
  const std::string field = json::to_string(job.field);
  const auto greatest = parse_cursor(last.greatest, job.kind);
  auto before = greatest ? HighWater::parse(*greatest, last.near) : std::nullopt;
  if (last.field != field || !before) {
    return Error{ErrorKind::invalid,
                 "source: incremental: the last pass ended at " + last.field + " " + last.greatest +
                     ", and this job goes by " + field +
                     ": give it another name (and lake), or go on by the same field"};
  }
  return since(job, std::move(*before));
}

Result<ledger::Reached> reached(const Incremental& job, const HighWater& settled) {
  if (!settled.greatest()) return ledger::Reached{};
  if (settled.near().size() > near_records_max) {
    return Error{ErrorKind::invalid,
                 "source: incremental: " + std::to_string(settled.near().size()) +
                     " records lie within the lookback below the greatest " +
                     json::to_string(job.field) + ", more than the " +
                     std::to_string(near_records_max) +
                     " that can be told from the next pass's: a shorter lookback, or days as units "
                     "with `late`"};
  }
  return ledger::Reached{json::to_string(job.field), print_cursor(*settled.greatest(), job.kind),
                         settled.print_near()};
}

}  // namespace sluice
