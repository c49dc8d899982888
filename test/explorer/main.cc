// The commit protocol, explored: the machines of src/ledger, the same that the program links,
// through every interleaving, crash, lost answer and lapsed upload within some bounds.
//
//   explorer [--quick | --deep] [--traces] [--only WORDS]
//
// The protocol has an executable specification, a small Python program, called the model here. Its
// scenarios for bounded units, for API units that resume and for streams of one partition are
// explored again, and its numbers stand beside ours: a translation must find as many worlds (what
// the store can look like before recovery); states depend on how a process's local state is kept.
// Where it has no numbers it has no such scenario. --quick leaves out, but for those, what it has
// not: calls that reach the store at once. --deep adds wider bounds.
//
// Exit 0: every scenario holds, has as many worlds as the model's where calls go in turn, and each
// hole is found when its rule is taken away.
#include <cstdio>
#include <cstring>
#include <string_view>

#include "base/clock.h"
#include "explorer/scenarios.h"

namespace {

using namespace sluice;
using namespace sluice::explorer;

double seconds_since(Instant begin) {
  return static_cast<double>(now() - begin) / 1e9;
}

void print_trace(const Outcome& outcome) {
  for (const std::string& line : outcome.trace) std::printf("      %s\n", line.c_str());
}

// `quick`: leave out what is long, and of the model's scenarios what the model has not.
bool explore_all(std::vector<Scenario> scenarios, bool quick, std::string_view only) {
  std::erase_if(scenarios, [&](const Scenario& scenario) {
    return scenario.name.find(only) == scenario.name.npos || (quick && scenario.is_long);
  });
  bool good = true;
  std::printf("\n%-50s %21s %21s %21s\n", "", "the model", "in turn", "at once");
  std::printf("%-50s %12s %8s %12s %8s %12s %8s %7s\n", "every scenario must hold", "states",
              "worlds", "states", "worlds", "states", "worlds", "");
  for (const Scenario& scenario : scenarios) {
    const Instant begin = now();
    const Outcome turn = explore(scenario, Serving::in_turn);
    const bool modelled = scenario.model_worlds > 0;
    const bool in_turn = quick && modelled;
    const Outcome once = in_turn ? Outcome{} : explore(scenario, Serving::at_once);
    const bool same = !modelled || turn.worlds == scenario.model_worlds;
    const bool holds = turn.wrong.empty() && turn.complete && once.wrong.empty() && once.complete;
    good = good && same && holds;
    std::printf("%-50s %12lu %8lu %12lu %8lu %12lu %8lu %5.1f s  %s%s\n", scenario.name.c_str(),
                scenario.model_states, scenario.model_worlds, turn.states, turn.worlds, once.states,
                once.worlds, seconds_since(begin), holds ? "holds" : "BREAKS",
                same ? "" : ", OTHER WORLDS THAN THE MODEL'S");
    if (!turn.wrong.empty()) std::printf("  in turn: %s\n", turn.wrong.c_str()), print_trace(turn);
    if (!once.wrong.empty()) std::printf("  at once: %s\n", once.wrong.c_str()), print_trace(once);
    std::fflush(stdout);
  }
  return good;
}

bool find_holes(bool traces, std::string_view only) {
  bool good = true;
  std::printf("\n%-55s %-24s %6s  each hole must be found\n", "with one rule taken away",
              "the rule", "steps");
  for (const Hole& hole : holes()) {
    if (hole.scenario.name.find(only) == hole.scenario.name.npos) continue;
    const Outcome outcome = explore(hole.scenario, Serving::in_turn);
    good = good && !outcome.wrong.empty();
    std::printf("%-55s %-24s %6zu  %s\n", hole.scenario.name.c_str(), hole.rule.c_str(),
                outcome.trace.size(), outcome.wrong.empty() ? "NOT FOUND" : outcome.wrong.c_str());
    if (traces) print_trace(outcome);
    std::fflush(stdout);
  }
  return good;
}

}  // namespace

int main(int argc, char** argv) {
  bool quick = false, deep = false, traces = false;
  std::string_view only;
  for (int i = 1; i < argc; ++i) {
    if (std::strcmp(argv[i], "--quick") == 0) quick = true;
    if (std::strcmp(argv[i], "--deep") == 0) deep = true;
    if (std::strcmp(argv[i], "--traces") == 0) traces = true;
    if (std::strcmp(argv[i], "--only") == 0 && i + 1 < argc) only = argv[++i];
  }
  const Instant begin = now();
  bool hold = explore_all(scenarios(), quick, only);
  hold = explore_all(lease_scenarios(), quick, only) && hold;
  if (deep) hold = explore_all(deep_scenarios(), false, only) && hold;
  const bool found = find_holes(traces, only);
  std::printf("\n%.1f s: %s\n", seconds_since(begin),
              hold && found ? "as it should be" : "NOT as it should be");
  return hold && found ? 0 : 1;
}
