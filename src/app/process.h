// What this process is given: memory, cores, an environment. The only door to them.
#pragma once

#include <cstdint>
#include <string>

#include "base/environment.h"

namespace sluice {

// Once, before any other thread: the heap is told to give memory back, and a closed pipe is an
// error like any other.
void prepare_process();

Environment process_environment();
std::string host_name();
unsigned usable_cores();

// The least memory limit of this process's cgroups; UINT64_MAX where there is none.
uint64_t cgroup_memory_bytes();
// The most memory that this process has had at once, whatever it was for.
uint64_t resident_peak_bytes();
// 256 MiB, or 60 % of the cgroup's limit if that is less.
uint64_t default_memory_bytes();

}  // namespace sluice
