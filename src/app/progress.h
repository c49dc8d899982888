// How a run that is under way shows itself on stderr: on a terminal one line that is painted over,
// else a line of JSON a second.
#pragma once

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
  // A line that stays, above the one that is painted, if any is. From any thread.
  static void say(const std::string& text);
  Nanoseconds every() const { return terminal_ ? 200_ms : 1_s; }

 private:
  const bool terminal_;
};

// Said at once to whoever watches, as a note. From any thread.
void tell(const std::string& text);

// "3/31 units  3.9k documents  17.6k records  ...", for at most `columns`.
std::string progress_text(const Progress& progress, size_t columns);

}  // namespace sluice
