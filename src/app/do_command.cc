#include <optional>

#include "app/stop_on_signal.h"
#include "app/verbs.h"

namespace sluice {

namespace {

// A run stops in its own way. The others end at once: what settle has under way is in the records.
bool ends_at_once(Verb verb) {
  return verb != Verb::run && verb != Verb::fold && verb != Verb::explain && verb != Verb::generate;
}

}  // namespace

int do_command(const Command& command) {
  std::optional<StopOnSignal> stop;
  if (ends_at_once(command.verb))
    stop.emplace(StopOnSignal::Limits{.deadline = command.deadline, .grace = 0, .last_words = ""});
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
