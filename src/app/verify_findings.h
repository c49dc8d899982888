// What `verify` has found: of one unit, or of all together. And how it says it.
#pragma once

#include <algorithm>
#include <cstdint>
#include <iterator>
#include <string>
#include <utility>
#include <vector>

namespace sluice {

struct Problem {
  std::string kind, unit, what;
};

struct Findings {
  uint64_t units = 0, inputs = 0, outputs = 0, records = 0, bytes_read = 0;
  bool looked_for_inputs = false;
  std::vector<Problem> problems;
  std::vector<std::string> notes;

  void problem(std::string kind, std::string unit, std::string what) {
    problems.push_back({std::move(kind), std::move(unit), std::move(what)});
  }
  void add(Findings other) {
    units += other.units;
    inputs += other.inputs;
    outputs += other.outputs;
    records += other.records;
    bytes_read += other.bytes_read;
    looked_for_inputs |= other.looked_for_inputs;
    std::move(other.problems.begin(), other.problems.end(), std::back_inserter(problems));
    std::move(other.notes.begin(), other.notes.end(), std::back_inserter(notes));
  }
};

enum class Depth : uint8_t { shallow, read_again };
std::string text_of(const Findings& verify, Depth depth);
std::string json_of(const Findings& verify);

}  // namespace sluice
