// The search: every interleaving of some processes over one store, breadth first, so that a trace
// is shortest, together with
//   * a request going astray: the caller gets no answer; it reaches the store at any later time, or
//     never. That is a lost answer, a failure without effect and a delayed duplicate in one;
//   * a crash at any time; what was under way may still reach the store later;
//   * a lifecycle rule that aborts an open upload.
// A pause and a zombie need no rule of their own: any process may be overtaken for arbitrarily
// long. Once all have ended or crashed, fresh processes recover, undisturbed; then each stray
// arrives, and they recover again.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include "explorer/process.h"
#include "explorer/simulation.h"

namespace sluice::explorer {

// Of each process: how it ended; empty if it crashed.
using Results = std::map<std::string, std::string>;

struct Scenario {
  std::string name;
  std::vector<Task> processes;
  std::vector<Task> recover;  // One after another
  World world;
  StoreKind store;
  // What is wrong, or empty: with any world; with an abort that is about to reach it; at rest.
  std::function<std::string(const World&)> always;
  std::function<std::string(const World&, const Request&)> abort_ok;
  std::function<std::string(const World&, const Results&)> final;
  // Before anybody recovers; may be none.
  std::function<std::string(const World&, const Results&)> ended = {};
  // What of a world the model has, too: by this its worlds are counted.
  std::function<std::string(const World&)> model_text;
  uint32_t crashes = 1;
  uint32_t strays = 1;
  uint32_t lapses = 0;
  bool is_long = false;       // --quick leaves it out.
  bool all_arrive = false;    // What is astray arrives before anybody recovers, or never.
  uint64_t model_states = 0;  // What the model counts; its states are kept another way.
  uint64_t model_worlds = 0;
};

enum class Serving : uint8_t {
  in_turn,  // A process's calls reach the store one after another, completions in any order: as in
            // the model.
  at_once,  // Any open call may be served next, and a crash leaves all of them astray.
};

struct Outcome {
  uint64_t states = 0;
  uint64_t worlds = 0;  // What the store can look like before recovery
  std::string wrong = {};
  std::vector<std::string> trace = {};
  bool complete = true;  // False: the limit was reached
};

Outcome explore(const Scenario& scenario, Serving serving, uint64_t states_max = 12'000'000);

}  // namespace sluice::explorer
