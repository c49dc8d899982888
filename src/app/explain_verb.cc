// `explain`: the words of a job file, from the parts' own descriptions.
#include "app/opened_job.h"
#include "app/verb.h"
#include "job/explain.h"

namespace sluice {
namespace {

struct Asked {
  std::string part;  // Empty: an overview
  bool schema = false, reference = false;
};

void add_words(Words& words, Asked& asked) {
  words.text("[PART]", asked.part, "A part (lake, json, set), a role, `job` or `units`");
  words.flag("--schema", asked.schema, "The JSON Schema of job files, for editors");
  words.flag("--reference", asked.reference, "All of it as a page of Markdown");
}

Result<int> explain(const Asked& asked) {
  const Catalog& catalog = all_parts();
  if (asked.schema) {
    print(schema(catalog));
  } else if (asked.reference) {
    print(reference(catalog));
  } else if (asked.part.empty()) {
    print(overview(catalog));
  } else {
    print(TRY(explain(catalog, asked.part)));
  }
  return exit_done;
}

}  // namespace

Verb explain_verb() {
  return introduce<Asked>({
      .name = "explain",
      .help = "Says which words a job file has, and what they mean.",
      .example = "sluice explain lake    (also: explain --schema, explain --reference)",
      .words = add_words,
      .run = explain,
  });
}

}  // namespace sluice
