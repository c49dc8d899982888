#include "app/verbs.h"

#include "app/opened_job.h"

namespace sluice {

// Each is at the end of its <name>_verb.cc. To add one, add it here and below.
Verb run_verb();
Verb plan_verb();
Verb check_verb();
Verb explain_verb();
Verb preview_verb();
Verb status_verb();
Verb verify_verb();
Verb settle_verb();
Verb fold_verb();
Verb init_verb();
Verb generate_verb();

std::vector<Verb> all_verbs() {
  return {
      run_verb(),    plan_verb(),   check_verb(), explain_verb(), preview_verb(),  status_verb(),
      verify_verb(), settle_verb(), fold_verb(),  init_verb(),    generate_verb(),
  };
}

int do_command(const Command& command) {
  const Result<int> exit_code = command();
  return exit_code.ok() ? *exit_code : complain(exit_code.error());
}

}  // namespace sluice
