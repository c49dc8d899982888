// The rules of the house that a compiler doesn't know, as a test: who may include whom (src/ROOMS),
// words that are banned and what to use instead, a third-party library's one door, and sizes.
// What clang-format and clang-tidy can say is left to them.
#pragma once

#include <string>
#include <vector>

namespace sluice {

struct Fault {
  std::string file;  // Below the root.
  int line = 0;
  std::string what;
};

// Everything that breaks a rule in the project at `root`, by file and line.
std::vector<Fault> tidy(const std::string& root);

}  // namespace sluice
