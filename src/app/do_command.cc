#include "app/verbs.h"

namespace sluice {

int do_command(const Command& command) {
  switch (command.verb) {
    case Verb::run:
    case Verb::fold:
      return do_run(command);
    case Verb::plan:
      return do_plan(command);
    case Verb::check:
      return do_check(command);
    case Verb::explain:
      return do_explain(command);
    case Verb::preview:
      return do_preview(command);
    case Verb::status:
      return do_status(command);
    case Verb::verify:
      return do_verify(command);
    case Verb::settle:
      return do_settle(command);
    case Verb::init:
      return do_init(command);
    case Verb::generate:
      return do_generate(command);
  }
  return 1;
}

}  // namespace sluice
