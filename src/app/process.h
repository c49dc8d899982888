// What this process is given: memory, cores, signals, a terminal. The only door to them.
#pragma once

#include <csignal>
#include <cstdint>
#include <string>
#include <thread>

#include "base/environment.h"
#include "base/inbox.h"

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

// While it lives, the first SIGINT or SIGTERM posts a Stop to the inbox and the second ends the
// process with 4. It has a thread of its own; made before the other threads that are to run with
// it. The signals stay held back after it: what is done by then must not end as if it weren't.
class StopOnSignal {
 public:
  explicit StopOnSignal(Inbox& inbox);
  ~StopOnSignal();
  StopOnSignal(const StopOnSignal&) = delete;
  StopOnSignal& operator=(const StopOnSignal&) = delete;

 private:
  std::jthread thread_;
};

}  // namespace sluice
