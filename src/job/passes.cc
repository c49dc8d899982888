#include "job/passes.h"

namespace sluice {

Result<Since> next_pass(const Incremental& job, const ledger::Record& record, WallTime now) {
  if (!record.manifest || record.manifest->reached == ledger::Reached{}) return since(job, {}, now);
  const ledger::Reached& last = record.manifest->reached;
  const std::string field = json::to_string(job.field);
  const auto greatest = parse_cursor(last.greatest, job.kind);
  auto water = greatest ? HighWater::parse(*greatest, last.near) : std::nullopt;
  const auto covered = parse_cursor(last.covered, job.kind);
  if (last.field != field || !water || (!covered && !last.covered.empty())) {
    return Error{ErrorKind::invalid,
                 "source: incremental: the last pass ended at " + last.field + " " + last.greatest +
                     ", and this job goes by " + field +
                     ": give it another name (and lake), or go on by the same field"};
  }
  return since(job, {std::move(*water), covered}, now);
}

std::vector<std::string> warnings_of(const Since& pass) {
  std::vector<std::string> warnings;
  const auto greatest = pass.before.water.greatest();
  if (!greatest) return warnings;
  const std::string field = json::to_string(pass.job.field);
  if (*greatest > pass.latest) {
    warnings.push_back("source: incremental: the last pass has come to " + field + " " +
                       print_cursor(*greatest, pass.job.kind) +
                       ", which lies in the future: nothing older is asked for any more. Give the "
                       "job another name (and lake) to load it anew");
  }
  if (pass.from > pass.job.from && pass.from > below(*greatest, pass.job.lookback)) {
    warnings.push_back("source: incremental: the passes before know again what came from " +
                       print_cursor(pass.from, pass.job.kind) +
                       " on, so this one begins there; `lookback` reaches further back from the "
                       "next records on");
  }
  return warnings;
}

Result<ledger::Reached> reached(const Since& pass, HighWater settled) {
  const Incremental& job = pass.job;
  const std::string field = json::to_string(job.field);
  if (!settled.beyond().empty()) settled.begin_at(pass.from);
  if (!settled.greatest()) return ledger::Reached{};
  const std::string many = ", more than the " + std::to_string(near_records_max) +
                           " that can be told from the next pass's: ";
  if (settled.near().size() > near_records_max) {
    return Error{ErrorKind::invalid,
                 "source: incremental: " + std::to_string(settled.near().size()) +
                     " records lie within the lookback below the greatest " + field + many +
                     "a shorter lookback, or days as units with `late`"};
  }
  if (settled.beyond().size() > near_records_max) {
    return Error{ErrorKind::invalid,
                 "source: incremental: " + std::to_string(settled.beyond().size()) +
                     " records have a " + field + " further beyond now than `tolerance`" + many +
                     "is it the field that grows with each change? Else a greater `tolerance`"};
  }
  return ledger::Reached{field, print_cursor(*settled.greatest(), job.kind), settled.print_near(),
                         print_cursor(pass.covered_by(settled), job.kind)};
}

std::vector<std::string> warnings_of(const Since& pass, const HighWater& settled) {
  const auto& beyond = settled.beyond();
  if (beyond.empty()) return {};
  return {std::to_string(beyond.size()) +
          (beyond.size() == 1 ? " record has a " : " records have a ") +
          json::to_string(pass.job.field) + " further beyond now than `tolerance` (up to " +
          print_cursor(beyond.front().value, pass.job.kind) +
          "): loaded, but no later pass begins there"};
}

}  // namespace sluice
