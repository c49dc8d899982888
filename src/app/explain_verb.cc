// `explain`: the words of a job file, from the parts' own descriptions.
#include "app/opened_job.h"
#include "app/verbs.h"
#include "job/explain.h"

namespace sluice {

int do_explain(const Command& command) {
  const Catalog& catalog = all_parts();
  if (command.schema) {
    print(schema(catalog));
  } else if (command.reference) {
    print(reference(catalog));
  } else if (command.word.empty()) {
    print(overview(catalog));
  } else {
    const auto text = explain(catalog, command.word);
    if (!text.ok()) return complain(text.error());
    print(*text);
  }
  return exit_done;
}

}  // namespace sluice
