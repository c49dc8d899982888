// A program started beside a test: in a fresh directory, with an environment of its own, ended at
// the latest when the thread that started it ends. What it is and when it is ready is known in
// servers.cc.
//
// One thread at a time; the thread that started it must outlive it (Linux ends the program with
// that thread, which is what ends it when a test is killed).
#pragma once

#include <sys/types.h>

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace sluice {

// A fresh directory below TMPDIR, gone with all that lies in it when this goes.
class TemporaryDirectory {
 public:
  static Result<std::unique_ptr<TemporaryDirectory>> make();
  ~TemporaryDirectory();
  TemporaryDirectory(const TemporaryDirectory&) = delete;
  TemporaryDirectory& operator=(const TemporaryDirectory&) = delete;

  const std::string& path() const { return path_; }

 private:
  explicit TemporaryDirectory(std::string path) : path_(std::move(path)) {}

  std::string path_;
};

struct Program {
  std::string path;
  std::vector<std::string> arguments;  // Without the program's name
  // Beside these it gets PATH, and the directory as HOME and TMPDIR.
  std::map<std::string, std::string> environment;
  std::string input;  // Its standard input
};

class Process {
 public:
  // Its output goes to a file in `directory`, which is also where it works.
  static Result<std::unique_ptr<Process>> start(const Program& program,
                                                std::unique_ptr<TemporaryDirectory> directory);
  ~Process();  // As stop().
  Process(const Process&) = delete;
  Process& operator=(const Process&) = delete;

  // Both of standard output and standard error, so far.
  std::string output() const;
  bool running();
  // Asks until the answer is yes; an error once it has ended or the time is over.
  Status wait_until_ready(int seconds_max, const std::function<bool()>& is_ready);
  // Waits for its end; an error unless it ended with exit code 0, in time.
  Status wait(int seconds_max);
  // SIGTERM, and SIGKILL ten seconds later. An error if it took that, or if it had ended by itself.
  // Again: nothing.
  Status stop();

 private:
  Process(pid_t pid, std::string name, std::unique_ptr<TemporaryDirectory> directory)
      : pid_(pid), name_(std::move(name)), directory_(std::move(directory)) {}
  // What happened, and the end of its output.
  Error failed(std::string_view what) const;
  bool ended_within(int seconds_max);

  const pid_t pid_;
  const std::string name_;
  const std::unique_ptr<TemporaryDirectory> directory_;
  bool reaped_ = false, stopped_ = false;
  int wait_status_ = 0;  // As waitpid tells it, once reaped_
};

}  // namespace sluice
