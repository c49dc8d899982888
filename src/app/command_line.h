// What the command line asks for, as a command that can be done. Knows how verbs and words are
// written, and none of them; does nothing.
#pragma once

#include <string>
#include <vector>

#include "app/verb.h"

namespace sluice {

// A command, or a text to print and the exit code to end with (--help, --version, a wrong word).
struct CommandLine {
  Command command = {};  // Empty: there is none
  std::string text = {};
  int exit_code = 0;
};

// `arguments` without the program's name.
CommandLine parse_command_line(const std::vector<Verb>& verbs, std::vector<std::string> arguments);

}  // namespace sluice
