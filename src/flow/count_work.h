// What the meter is told of a piece of work that has come back from the workers.
#pragma once

#include <cstdint>

#include "flow/workers.h"
#include "meter/meter.h"

namespace sluice {

void count_work(Meter& meter, Stage stage, const Work& work, uint64_t bytes);

}  // namespace sluice
