// `run` and `fold`.
#include "app/fold_job.h"
#include "app/opened_job.h"
#include "app/process.h"
#include "app/progress.h"
#include "app/stop_on_signal.h"
#include "app/verbs.h"
#include "http/engine.h"
#include "job/drift.h"
#include "report/json.h"
#include "report/table.h"

namespace sluice {
namespace {

// Each may need a connection.
uint32_t in_flight_by_files(uint32_t wanted) {
  const uint32_t most = connections_by_files();
  if (wanted <= most) return wanted;
  tell("at most " + std::to_string(most) + " requests at once, not " + std::to_string(wanted) +
       ": more files may not be open (ulimit -n)");
  return most;
}

Result<Job> read_job(const Command& command) {
  if (command.verb != Verb::fold) return read_job(command.job, References::all);
  const std::string text = TRY(fold_job(command.fold));
  return read_job_text("fold", text, {}, References::all);
}

Result<int> run_job(const Command& command) {
  StopOnSignal stop({.deadline = command.deadline, .grace = command.grace});
  Job job = TRY(read_job(command));
  job.keep_set_aside |= command.set_aside;
  job.ok_set_aside |= command.ok_set_aside;
  job.allow_empty |= command.allow_empty;
  auto opened = TRY(open_job(std::move(job), Stores::Use::write));
  for (const std::string& warning : opened->job.warnings) {
    warn(warning);
  }
  std::vector<UnitNames> units = TRY(opened->units(command.units));

  // In the order in which they need each other: an inbox may hold leases, workers post to inboxes.
  Budget budget(
      command.memory_bytes.value_or(opened->job.memory_bytes.value_or(default_memory_bytes())));
  Inbox inbox;
  const StopOnSignal::Listener listener(stop, inbox);
  Workers workers(command.workers > 0 ? command.workers : usable_cores());
  InFlight in_flight(in_flight_by_files(command.in_flight));
  Chance chance;
  Resources resources{
      budget,        workers,     in_flight,          inbox,    opened->clock, chance,
      opened->meter, host_name(), process_identity(), has_ended};
  ProgressLine line;
  const RunOptions options{
      .redo = command.redo,
      .limit = command.limit.value_or(UINT64_MAX),
      .span = {.documents = opened->aids.span_documents.value_or(UINT64_MAX)},
      .until = opened->aids.until,
      .others = command.others,
      .lease = command.lease.value_or(60_s),
      .on_notice = [](const std::string& text) { ProgressLine::say(shown(text)); },
      .on_progress = [&line](const Progress& progress) { line.show(progress); },
      .progress_every = line.every()};
  auto report = run(opened->job, opened->parts, std::move(units), resources, options);
  if (!report.ok()) return std::move(report).error();
  report->remarks = opened->stores->remarks();
  report->resident_peak_bytes = resident_peak_bytes();
  const std::string memory =
      memory_warning(report->resident_peak_bytes, cgroup_memory_bytes(), budget.capacity());
  if (!memory.empty()) report->warnings.push_back(memory);
  const int exit_code = report->exit_code(opened->job.ok_set_aside);
  std::vector<std::pair<std::string, std::string>> more;
  const std::string figures = opened->stores->test_figures();
  if (!figures.empty()) more.emplace_back("test", figures);
  command.json ? print_json(report::json(*report, exit_code, more)) : print(report::table(*report));
  return exit_code;
}

}  // namespace

int do_run(const Command& command) {
  const auto code = run_job(command);
  return code.ok() ? *code : complain(code.error());
}

}  // namespace sluice
