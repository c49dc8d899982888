// `check`: is the job file right, and can its stores be opened?
#include "app/common_words.h"
#include "app/opened_job.h"
#include "app/process.h"
#include "app/stop_on_signal.h"
#include "app/verb.h"
#include "job/owner.h"
#include "job/shares.h"
#include "store/page_order.h"

namespace sluice {
namespace {

struct Asked {
  JobWords job;
  std::optional<Nanoseconds> deadline = {};
};

void add_words(Words& words, Asked& asked) {
  add_job(words, asked.job);
  add_deadline(words, asked.deadline);
}

// The store's other side is looked at with one listing, so that a missing right shows now.
Status look_into(Store& store, const std::string& prefix) {
  const List list{.prefix = prefix, .delimiter = "/", .most = 1};
  return PageOrder().pass(TRY(call_for<Page>(store, list)));
}

// Its runs would take what this job is writing for their own.
Status look_for_outer_lake(const OpenedJob& opened) {
  if (opened.job.shared) return {};
  Store& lake = opened.stores->lake();
  for (const std::string& above : prefixes_above(opened.stores->lake_prefix())) {
    if (call(lake, Head{Key(above + std::string(owner_file))}).ok())
      return Error{ErrorKind::invalid, "lake: " + opened.job.lake + " lies inside the lake " +
                                           lake.name() + above +
                                           ": give this job a lake beside it, or say shared: true"};
  }
  return {};
}

Result<int> check(const Asked& asked) {
  const StopOnSignal stop(StopOnSignal::at_once(asked.deadline));
  const Job job = TRY(read_job(asked.job, References::none));
  print("ok  " + job.file + ": job " + job.name + ", units " +
        std::string(to_string(job.units.each)) + ", fingerprint " + job.fingerprint + "\n");
  auto opened = TRY(open_job(TRY(read_job(asked.job, References::early)), Stores::Use::look));
  TRY(check_memory(job, job.memory_bytes.value_or(default_memory_bytes())));
  if (Store* source = opened->stores->source()) {
    TRY_IN(look_into(*source, ""), "source");
    print("ok  source " + source->name() + " can be listed\n");
  }
  TRY_IN(look_into(opened->stores->lake(), opened->stores->lake_prefix()), "lake");
  TRY(look_for_outer_lake(*opened));
  print("ok  lake " + job.lake + " can be listed\n");
  TRY_IN(look_into(opened->stores->state(), opened->stores->state_prefix()), "state");
  print("ok  state " + job.state + " can be listed\n");
  for (const std::string& warning : job.warnings) print("warning: " + warning + "\n");
  if (const auto& incremental = opened->parts.source->traits().incremental) {
    if (const std::string doubt = doubt_of(*incremental); !doubt.empty())
      print("warning: " + doubt + "\n");
  }
  return exit_done;
}

}  // namespace

Verb check_verb() {
  return introduce<Asked>({
      .name = "check",
      .help = "Checks a job file, and that its stores can be opened.",
      .example = "sluice check cloudtrail.yaml --var TEAM=blue",
      .words = add_words,
      .run = check,
  });
}

}  // namespace sluice
