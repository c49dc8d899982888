// What is explored: the scenarios of the model for bounded units and for streams of one
// partition, what must be true in them, and the holes that open when one rule is taken away.
#pragma once

#include <string>
#include <vector>

#include "explorer/search.h"

namespace sluice::explorer {

// In the order of the model's list, with its numbers.
std::vector<Scenario> scenarios();
// Leases, and sweeps beside settle.
std::vector<Scenario> lease_scenarios();
// Some of them with wider bounds.
std::vector<Scenario> deep_scenarios();

struct Hole {
  std::string rule;   // The one that is taken away
  Scenario scenario;  // ... and what shows that it is missed
};
std::vector<Hole> holes();

}  // namespace sluice::explorer
