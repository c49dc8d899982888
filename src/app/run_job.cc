#include "app/run_job.h"

#include <algorithm>

#include "app/opened_job.h"
#include "app/process.h"
#include "app/progress.h"
#include "base/open_files.h"
#include "base/time.h"
#include "http/engine.h"
#include "job/drift.h"
#include "report/json.h"
#include "report/table.h"
#include "report/trace_file.h"
#include "source/program.h"

namespace sluice {
namespace {

// How much may go on at once, as far as files may be open: each request may need a connection, each
// program has its pipes.
struct AtOnce {
  uint32_t in_flight, workers;
};

AtOnce capped_by_files(const OpenedJob& opened, size_t units, AtOnce wanted) {
  constexpr uint64_t of_program = 4, of_its_start = 3;  // Pipes, and what tells of its end
  constexpr uint64_t of_all_else = 20;  // Stores with their files at work, engines, our own three
  const auto& transforms = opened.parts.recipe.transforms;
  const auto programs = static_cast<uint64_t>(std::count_if(
      transforms.begin(), transforms.end(), [](const auto& one) { return one->wants_many(); }));
  const uint64_t connections = connections_by_files();
  const uint64_t files = open_files_max();
  const uint64_t left = files - std::min(files, of_all_else + connections);
  const bool is_program = opened.job.source.name() == exec_source_doc().name;
  if (is_program)  // One a unit
    wanted.in_flight = static_cast<uint32_t>(std::clamp<uint64_t>(units, 1, wanted.in_flight));
  const uint64_t of_worker = programs == 0 ? 0 : of_program * programs + of_its_start;
  AtOnce most = wanted;
  if (of_worker > 0) {
    const uint64_t workers = (is_program ? left / 2 : left) / of_worker;
    most.workers = static_cast<uint32_t>(std::clamp<uint64_t>(workers, 1, wanted.workers));
  }
  const uint64_t of_workers = std::min(left, most.workers * of_worker + of_its_start);
  const uint64_t requests = is_program ? (left - of_workers) / of_program : connections;
  most.in_flight = static_cast<uint32_t>(std::clamp<uint64_t>(requests, 1, wanted.in_flight));
  const auto say = [](uint32_t capped, uint32_t asked, const std::string& what) {
    if (capped == asked) return;
    tell("at most " + std::to_string(capped) + " " + what + (capped == 1 ? "" : "s") +
         " at once, not " + std::to_string(asked) + ": more files may not be open (ulimit -n)");
  };
  say(most.in_flight, wanted.in_flight, is_program ? "unit" : "request");
  say(most.workers, wanted.workers, "worker");
  return most;
}

}  // namespace

Others RunWords::others() const {
  return take_over ? Others::take_over : no_wait ? Others::leave : Others::wait;
}

void add_run(Words& words, RunWords& asked) {
  add_units(words, asked.units);
  add_memory(words, asked.memory_bytes);
  add_limit(words, asked.limit);
  words.flag("--redo", asked.redo, "Do finished units again, and stale ones");
  words.flag("--set-aside", asked.set_aside, "Keep copies of what is set aside");
  words.flag("--ok-set-aside", asked.ok_set_aside, "Exit 0 although something was set aside");
  add_allow_empty(words, asked.allow_empty);
  words.number("--in-flight", asked.in_flight, {1, 4096}, "Reads open at once (default 256)");
  words.number("--workers", asked.workers, {1, 256}, "Worker threads (default: the cores)");
  words.duration("--grace", asked.grace,
                 "Once told to stop, end at last after so long, whatever is awaited (default 10s)");
  words.flag("--no-wait", asked.no_wait,
             "Where another run has claimed a unit: exit 4, don't wait for it");
  words.flag("--take-over", asked.take_over,
             "... or take it at once; the other run loses its work");
  words.not_both("--no-wait", "--take-over");
  words.duration("--lease", asked.lease,
                 "... or once it has shown no sign of life for so long (default 60s)");
  words.check([&asked]() -> Status {
    if (asked.lease >= lease_min) return {};
    return Error{ErrorKind::invalid, "--lease: at least " + print_duration(lease_min) +
                                         ", since its owner renews it three times as often"};
  });
  add_deadline(words, asked.deadline);
  words.text("--trace", asked.trace,
             "Write what the run did when to this file, for ui.perfetto.dev");
  add_json(words, asked.json);
}

Result<int> run_job(Job job, const RunWords& asked, StopOnSignal& stop) {
  job.keep_set_aside |= asked.set_aside;
  job.ok_set_aside |= asked.ok_set_aside;
  job.allow_empty |= asked.allow_empty;
  std::unique_ptr<report::TraceFile> trace;  // Outlives whatever tells it something
  if (!asked.trace.empty()) trace = TRY_IN(report::TraceFile::create(asked.trace), "--trace");
  auto opened = TRY(open_job(std::move(job), Stores::Use::write, trace.get()));
  for (const std::string& warning : opened->job.warnings) {
    warn(warning);
  }
  std::vector<UnitNames> units = TRY(opened->units(asked.units));

  // In the order in which they need each other: an inbox may hold leases, workers post to inboxes.
  Budget budget(
      asked.memory_bytes.value_or(opened->job.memory_bytes.value_or(default_memory_bytes())));
  Inbox inbox;
  const StopOnSignal::Listener listener(stop, inbox);
  const AtOnce at_once = capped_by_files(
      *opened, units.size(), {asked.in_flight, asked.workers > 0 ? asked.workers : usable_cores()});
  Workers workers(at_once.workers);
  InFlight in_flight(at_once.in_flight);
  Chance chance;
  Resources resources{
      budget,        workers,     in_flight,          inbox,    opened->clock, chance,
      opened->meter, host_name(), process_identity(), has_ended};
  ProgressLine line;
  const RunOptions options{
      .redo = asked.redo,
      .limit = asked.limit,
      .span = {.documents = opened->aids.span_documents.value_or(UINT64_MAX)},
      .until = opened->aids.until,
      .others = asked.others(),
      .lease = asked.lease,
      .on_notice = [](const std::string& text) { ProgressLine::say(shown(text)); },
      .on_progress = [&line](const Progress& progress) { line.show(progress); },
      .progress_every = line.every()};
  auto report = run(opened->job, opened->parts, std::move(units), resources, options);
  if (!report.ok()) return std::move(report).error();
  for (const auto& transform : opened->parts.recipe.transforms) {
    if (const Status ended = transform->end(); !ended.ok())
      report->errors.push_back(ended.error().message +
                               ". If its answers can't be trusted, do the units again: --redo");
  }
  report->remarks = opened->stores->remarks();
  report->resident_peak_bytes = resident_peak_bytes();
  const std::string memory =
      memory_warning(report->resident_peak_bytes, cgroup_memory_bytes(), budget.capacity());
  if (!memory.empty()) report->warnings.push_back(memory);
  const Status traced = trace ? trace->finish() : Status();
  if (!traced.ok()) report->warnings.push_back("the trace is not whole: " + traced.error().message);
  const int exit_code = report->exit_code(opened->job.ok_set_aside);
  std::vector<std::pair<std::string, std::string>> more;
  const std::string figures = opened->stores->test_figures();
  if (!figures.empty()) more.emplace_back("test", figures);
  asked.json ? print_json(report::json(*report, exit_code, more)) : print(report::table(*report));
  return exit_code;
}

}  // namespace sluice
