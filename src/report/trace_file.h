// A trace as a file for people to look at: trace events as Chrome and Perfetto show them
// (https://ui.perfetto.dev, chrome://tracing), an object of JSON with an event on each line.
//
//   a process   for each unit, in the order in which they began; the first is the run itself
//   a thread    of it: "phases"; "requests", "work" and as many more as there were at once
//   "ts", "dur" microseconds, since the file was begun
//   "args"      bytes, waited_us, attempts, failed, where there is something to tell
//
// Format: https://docs.google.com/document/d/1CvAClvFfyA5R-PhYUmn5OOQtYMH4h6I0nSsKchNAySU
#pragma once

#include <array>
#include <cstdio>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/result.h"
#include "meter/trace.h"

namespace sluice::report {

// Written through a buffer as intervals come: memory is for the units and their threads only. From
// the first error on nothing more is written; finish() tells it.
class TraceFile : public Trace {
 public:
  // An existing file is written over. `invalid` where it can't be written.
  static Result<std::unique_ptr<TraceFile>> create(const std::string& path);
  ~TraceFile() override;

  void own(uint32_t series, std::string_view unit) override;
  void add(const Interval& interval) override;
  // Makes the file whole; what comes later is dropped. Once.
  Status finish();

 private:
  // On one line of the picture nothing may overlap: a thread for each interval of the most at once.
  struct Thread {
    uint64_t id;
    Instant busy_until;
  };
  struct Process {
    uint64_t id;
    std::array<std::vector<Thread>, 3> threads;  // By kind
  };
  TraceFile(std::string path, std::FILE* file);
  // With the lock.
  Process& process_of(uint32_t series);
  size_t new_process(std::string_view name);
  uint64_t thread_for(Process& process, const Interval& interval);
  void write(std::string_view event);

  const std::string path_;
  const Instant begun_;
  std::mutex mutex_;
  // Guarded by mutex_.
  std::FILE* file_;
  int error_ = 0;
  bool is_first_ = true;
  uint64_t threads_ = 0;
  std::vector<Process> processes_;
  std::unordered_map<std::string, size_t> units_;   // To their process
  std::unordered_map<uint32_t, size_t> of_series_;  // Likewise
};

}  // namespace sluice::report
