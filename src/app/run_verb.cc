// `run`: does a job's units.
#include "app/opened_job.h"
#include "app/run_job.h"
#include "app/verb.h"

namespace sluice {
namespace {

struct Asked {
  JobWords job;
  RunWords run;
};

void add_words(Words& words, Asked& asked) {
  add_job(words, asked.job);
  add_run(words, asked.run);
}

Result<int> run(const Asked& asked) {
  StopOnSignal stop(asked.run.limits());
  return run_job(TRY(read_job(asked.job, References::all)), asked.run, stop);
}

}  // namespace

Verb run_verb() {
  return introduce<Asked>({
      .name = "run",
      .help = "Does a job's units: reads, writes, commits.",
      .example = "sluice run cloudtrail.yaml --from 2024-02-01 --to 2024-02-08",
      .words = add_words,
      .run = run,
  });
}

}  // namespace sluice
