// What happens in a world: runs in bad weather that are killed, stopped and begun again, one after
// another or side by side; then runs in good weather, and the oracle.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "simulator/tally.h"
#include "simulator/world.h"

namespace sluice::simulator {

struct Outcome {
  std::vector<std::string> complaints;  // None: all is as it must be
  std::map<std::string, std::string> objects;
  uint64_t fingerprint = 0;  // Of all that happened
  uint64_t runs = 0, calls = 0, happened = 0;
  Nanoseconds virtual_time = 0;
};

enum class Telling : uint8_t { silent, aloud };

// `schedule`: when, in which order and how often things happen, and what fails. The world is the
// same for any.
Outcome live(const World& world, uint64_t schedule, Tally& tally, Telling telling);

}  // namespace sluice::simulator
