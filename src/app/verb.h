// A verb introduces itself. All there is to one is in <name>_verb.cc: what it may be asked (a
// struct `Asked` of its own), which words ask for that, what it does. verbs.cc lists them all.
#pragma once

#include <functional>
#include <memory>
#include <string_view>

#include "app/words.h"
#include "base/result.h"

namespace sluice {

// What a command line asks for, ready to be done. It prints what it has to say and answers the exit
// code.
using Command = std::function<Result<int>()>;

struct Verb {
  std::string_view name, help, example;      // Literals
  std::function<Command(Words&)> add_words;  // Its command may be done once those are read
};

// A verb in its own words.
template <class Asked>
struct Introduction {
  std::string_view name, help, example;
  void (*words)(Words& words, Asked& asked);
  Result<int> (*run)(const Asked& asked);
};

template <class Asked>
Verb introduce(const Introduction<Asked>& verb) {
  const auto add_words = [words = verb.words, run = verb.run](Words& to) -> Command {
    // Shared, since a std::function is copied: the words point at what the command reads.
    const auto asked = std::make_shared<Asked>();
    words(to, *asked);
    return [asked, run] { return run(*asked); };
  };
  return {verb.name, verb.help, verb.example, add_words};
}

}  // namespace sluice
