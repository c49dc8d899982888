// What the meter, and its trace, are told of a piece of work that has come back from the workers.
#pragma once

#include <cstdint>

#include "flow/workers.h"
#include "meter/meter.h"

namespace sluice {

void count_work(Meter& meter, Stage stage, const Work& work, uint64_t bytes);
// Likewise of what the loop has done itself, and has ended now. `series`: of whose it is.
void count_on_loop(Meter& meter, Stage stage, uint32_t series, Instant begun);

}  // namespace sluice
