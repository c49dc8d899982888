// What the lake sink keeps of itself in a checkpoint, as text: which place had its next object's
// number, and the state of the one object that was open. The uploads themselves are listed beside
// it, in the unit's record.
//
//   sluice-sink 1
//   place 3 dt=2024-02-08/
//   open <bytes of the key> <key> <its writer's state, to the end of the line>
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/names.h"
#include "base/result.h"

namespace sluice {

struct SinkState {
  struct PlaceState {
    std::string name;
    uint64_t next_n = 0;
  };
  std::vector<PlaceState> places;
  Key open;  // The key of the object that was open; its records and times are in the record
  std::string writer;  // What its writer needs to go on
};

std::string print(const SinkState& state);
// `invalid`: not such a text.
Result<SinkState> parse_sink_state(std::string_view text);

}  // namespace sluice
