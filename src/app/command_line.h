// What the command line asks for, as a value. Knows the verbs and their options; does nothing.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "app/stop_on_signal.h"
#include "base/clock.h"
#include "base/result.h"
#include "job/run.h"
#include "job/units.h"
#include "job/variables.h"
#include "trail/generate.h"

namespace sluice {

enum class Verb : uint8_t {
  run,
  plan,
  check,
  explain,
  preview,
  status,
  verify,
  settle,
  fold,
  init,
  generate
};

// `sluice fold SRC DST`: a job without a file.
struct FoldWords {
  std::string source, lake;
  std::string records, partition, format, roll, dedupe, state;  // Empty: the default
  bool each_day = false;
};

// `sluice init URL`: a job file from one answer.
struct InitWords {
  std::string url;
  std::vector<std::string> headers;  // "Name: value"
  std::string file;                  // Empty: stdout
};

struct JobWords {
  std::string file;
  Variables variables = {};
};

struct Command {
  Verb verb = Verb::run;
  JobWords job = {};
  UnitsAsked units = {};
  std::optional<uint64_t> limit = {};  // Documents of each unit; for preview records
  std::optional<uint64_t> memory_bytes = {};
  std::optional<Nanoseconds> deadline = {};
  Nanoseconds grace = grace_default;
  Others others = Others::wait;
  std::optional<Nanoseconds> lease = {};
  uint32_t in_flight = 256;
  uint32_t workers = 0;  // 0: as many as cores
  bool redo = false, json = false, allow_empty = false;
  bool iam = false;  // plan: the least policy instead
  bool set_aside = false, ok_set_aside = false;
  bool shallow = false;  // verify: don't read the objects again
  FoldWords fold = {};
  InitWords init = {};
  // explain
  std::string word = {};
  bool schema = false, reference = false;
  // generate
  std::string directory = {};
  GenerateOptions generate = {};
};

// A command, or a text to print and the exit code to end with (--help, --version, a wrong word).
struct CommandLine {
  std::optional<Command> command = {};
  std::string text = {};
  int exit_code = 0;
};

// `arguments` without the program's name.
CommandLine parse_command_line(std::vector<std::string> arguments);

}  // namespace sluice
