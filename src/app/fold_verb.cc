// `fold`: a run without a job file, of the job that its words make.
#include "app/fold_job.h"
#include "app/opened_job.h"
#include "app/run_job.h"
#include "app/verb.h"

namespace sluice {
namespace {

struct Asked {
  FoldWords fold;
  RunWords run;
};

void add_words(Words& words, Asked& asked) {
  FoldWords& fold = asked.fold;
  words.text("SRC", fold.source, "Where the small objects are; may hold {path.x}, {unit:%F}");
  words.text("DST", fold.lake, "The lake");
  words.text("--records", fold.records, "Where the records are in a JSON document: .Records");
  words.text("--partition", fold.partition, "'dt={.eventTime:%F}/'");
  words.text("--dedupe", fold.dedupe, "A field: .eventID");
  words.text("--format", fold.format, "jsonl.gz (default), jsonl.zst, jsonl");
  words.text("--roll", fold.roll, "End objects at this size (default 128MiB)");
  words.text("--state", fold.state, "Where the records of units are (default DST/_sluice/)");
  words.choice("--each", fold.each, {"once", "day"},
               "`once` (default), or `day` with {unit:...} in SRC");
  add_run(words, asked.run);
}

Result<int> fold(const Asked& asked) {
  StopOnSignal stop(asked.run.limits());
  const std::string text = TRY(fold_job(asked.fold));
  return run_job(TRY(read_job_text("fold", text, {}, References::all)), asked.run, stop);
}

}  // namespace

Verb fold_verb() {
  return introduce<Asked>({
      .name = "fold",
      .help = "Folds many small objects into a few good ones, without a job file.",
      .example = "sluice fold logs/AWSLogs/ lake/ --partition 'dt={.eventTime:%F}/' "
                 "--dedupe .eventID",
      .words = add_words,
      .run = fold,
  });
}

}  // namespace sluice
