// The words of a verb, each with a place for its value:
//
//   words.text("JOB", asked.file, "The job file (YAML or JSON)");
//   words.bytes("--memory", asked.memory_bytes, "The byte budget");
//
// Names are written as in a line of usage: JOB must be given, [PART] may be, --from and -o,--output
// are options. Help pages list words in the order in which they are added here. A place keeps what
// stands in it where its word isn't given: that is the default. Places are filled in while the
// command line is parsed, and outlive that.
//
// CLI11 is behind it (command_line.cc) and nowhere else.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/result.h"

namespace sluice {

class Words {
 public:
  struct Line;  // Of one verb; what the parser keeps for it
  explicit Words(Line& line) : line_(line) {}

  void flag(const std::string& name, bool& value, const std::string& help);

  void text(const std::string& name, std::string& value, const std::string& help);
  void choice(const std::string& name, std::string& value, const std::vector<std::string>& choices,
              const std::string& help);
  void list(const std::string& name, std::vector<std::string>& values, const std::string& help);

  // Again and again: -H one -H another.
  void texts(const std::string& name, std::vector<std::string>& values, const std::string& help);
  // Likewise, NAME=value each.
  using Pairs = std::map<std::string, std::string, std::less<>>;
  void pairs(const std::string& name, Pairs& values, const std::string& help);

  // Whole numbers: from 0 on, from 1 on, within a range.
  void number(const std::string& name, uint64_t& value, const std::string& help);
  void number(const std::string& name, uint32_t& value, const std::string& help);
  void count(const std::string& name, uint64_t& value, const std::string& help);
  struct Range {
    int least, most;
  };
  void number(const std::string& name, uint32_t& value, Range range, const std::string& help);

  // 48MiB; 90s, 10m.
  void bytes(const std::string& name, std::optional<uint64_t>& value, const std::string& help);
  void duration(const std::string& name, Nanoseconds& value, const std::string& help);
  void duration(const std::string& name, std::optional<Nanoseconds>& value,
                const std::string& help);

  // Two options of which at most one may be given.
  void not_both(const std::string& one, const std::string& other);
  // What else must be so. Asked in the order of the words, once their places are filled in.
  void check(std::function<Status()> is_right);

 private:
  void read(const std::string& name, const std::string& help,
            std::function<Status(const std::string&)> reader);

  Line& line_;
};

}  // namespace sluice
