// What this process is given: memory, cores, an environment. The only door to them.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/environment.h"

namespace sluice {

// Once, before any other thread: the heap is told to give memory back, a closed pipe is an error
// like any other, and a bug says where it is.
void prepare_process();

Environment process_environment();
std::string host_name();
// This process, told from all others that this machine has had since it was started; empty where
// the system doesn't say.
std::string process_identity();
// Is it certain that the process with this identity has ended? Only of this machine's, and where
// both see the same processes.
bool has_ended(std::string_view identity);
unsigned usable_cores();

// The least memory limit of this process's cgroups; UINT64_MAX where there is none.
uint64_t cgroup_memory_bytes();
// The most memory that this process has had at once, whatever it was for.
uint64_t resident_peak_bytes();
// 256 MiB, or 60 % of the cgroup's limit if that is less.
uint64_t default_memory_bytes();

}  // namespace sluice
