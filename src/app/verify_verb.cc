// `verify`: what the source has, what the manifests say and what lies in the lake, held against
// each other. Writes nothing.
#include "app/common_words.h"
#include "app/stop_on_signal.h"
#include "app/verb.h"
#include "app/verify.h"

namespace sluice {
namespace {

struct Asked {
  JobWords job;
  UnitsAsked units = {};
  bool shallow = false, allow_empty = false;
  std::optional<Nanoseconds> deadline = {};
  bool json = false;
};

void add_words(Words& words, Asked& asked) {
  add_job(words, asked.job);
  add_units(words, asked.units);
  words.flag("--shallow", asked.shallow, "Compare names, sizes and ETags only");
  add_allow_empty(words, asked.allow_empty);
  add_deadline(words, asked.deadline);
  add_json(words, asked.json);
}

Result<int> verify(const Asked& asked) {
  const StopOnSignal stop(StopOnSignal::at_once(asked.deadline));
  Job job = TRY(read_job(asked.job, References::all));
  job.allow_empty |= asked.allow_empty;
  auto opened = TRY(open_job(std::move(job), Stores::Use::look));
  const Depth depth = asked.shallow ? Depth::shallow : Depth::read_again;
  const Findings found = TRY(verify(*opened, asked.units, depth));
  asked.json ? print_json(json_of(found)) : print(text_of(found, depth));
  return found.problems.empty() ? exit_done : exit_failed;
}

}  // namespace

Verb verify_verb() {
  return introduce<Asked>({
      .name = "verify",
      .help = "Holds inputs, manifests and objects against each other.",
      .example = "sluice verify cloudtrail.yaml --units 2024-02-08",
      .words = add_words,
      .run = verify,
  });
}

}  // namespace sluice
