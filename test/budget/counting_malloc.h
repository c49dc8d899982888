// Counts every byte that is live on the heap, of all threads and libraries. Linking
// counting_malloc.cc into a program replaces its malloc.
#pragma once

#include <cstddef>

namespace sluice {

size_t heap_live_bytes();
size_t heap_peak_bytes();  // Since the last reset
void reset_heap_peak();

}  // namespace sluice
