// How a run that is under way shows itself on stderr: on a terminal one line that is painted over,
// else a line of JSON a second.
#pragma once

#include <cstdio>
#include <functional>
#include <string>

#include "job/run.h"

namespace sluice {

class ProgressLine {
 public:
  ProgressLine();
  ~ProgressLine();  // Takes the line away again.
  ProgressLine(const ProgressLine&) = delete;
  ProgressLine& operator=(const ProgressLine&) = delete;

  void show(const Progress& progress);
  void say(const std::string& text);  // A line that stays
  Nanoseconds every() const { return terminal_ ? 200_ms : 1_s; }

 private:
  const bool terminal_;
  bool painted_ = false;
};

// A line for whoever watches, at once: above the progress line, on whatever stderr is. From any
// thread.
void tell(const std::string& text);

// "3/31 units  3.9k documents  17.6k records  ...", for at most `columns`.
std::string progress_text(const Progress& progress, size_t columns);

}  // namespace sluice
