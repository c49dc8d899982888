// A program that works for us: started without a shell, fed and read through pipes, ended for sure.
// What goes through the pipes is the caller's.
//
// The one door through which programs are started. The child leads a process group of its own:
// signals from the terminal don't reach it, and what it starts and leaves behind goes with it. Its
// signals are as they are by default, and none is blocked. How it ended is known or said to be
// unknown: whoever started us may ignore the ends of children, and we don't. When we are killed it
// goes too, with its group (child_keeper.h); what has left that lives on. One thread at a time.
// Only end() and the destructor wait.
#pragma once

#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "base/result.h"

namespace sluice {

// A file descriptor that is closed at the end.
class Descriptor {
 public:
  explicit Descriptor(int number = -1) : number_(number) {}
  Descriptor(Descriptor&& other) noexcept : number_(std::exchange(other.number_, -1)) {}
  Descriptor& operator=(Descriptor&& other) noexcept {
    std::swap(number_, other.number_);
    return *this;
  }
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  ~Descriptor() { close(); }
  int number() const { return number_; }  // -1: none
  bool open() const { return number_ >= 0; }
  void close();

 private:
  int number_;
};

// The last lines of what a program prints as its errors, bounded; and the first ones, for a report.
class ErrorLines {
 public:
  static constexpr size_t lines_max = 20;
  static constexpr size_t line_bytes_max = 400;

  void add(std::string_view bytes);
  // What has come of lines since the last call, at most lines_max in a child's life; then one that
  // says that there were more.
  std::vector<std::string> take_new();
  std::string last() const;                      // Empty if there was none
  const std::deque<std::string>& lines() const;  // At most lines_max, the last ones

 private:
  void end_line();
  std::deque<std::string> lines_;
  std::string open_;
  std::vector<std::string> fresh_;
  size_t shown_ = 0;
};

struct ChildOptions {
  enum class Input : uint8_t { none, pipe };
  enum class Errors : uint8_t { ours, pipe };
  std::vector<std::string> words;  // The program (found in PATH if without a slash) and its words
  // Besides what our own environment has; where it has the name, this counts.
  std::vector<std::pair<std::string, std::string>> environment = {};
  Input input = Input::pipe;
  Errors errors = Errors::pipe;
};

class ChildProcess {
 public:
  // `invalid`: there is no such program, or it can't be started. `transient`: no pipe, no process.
  static Result<std::unique_ptr<ChildProcess>> start(const ChildOptions& options);
  ~ChildProcess();  // Kills what still runs, and waits for it.
  ChildProcess(const ChildProcess&) = delete;
  ChildProcess& operator=(const ChildProcess&) = delete;

  const std::string& name() const { return name_; }  // words[0]
  // Our ends; none of them blocks.
  Descriptor& input() { return input_; }
  Descriptor& output() { return output_; }
  Descriptor& errors() { return errors_; }
  // Takes in what the child has printed as errors by now. Closes errors() at its end.
  void read_errors();
  ErrorLines& error_lines() { return error_lines_; }

  // To the child and all it has started, if it still runs.
  void signal(int number);
  // Whether it has ended; what it started may still run. Doesn't wait.
  bool ended();
  // Waits till it has ended; after `patience` it is killed. Then what it has left behind is killed.
  void end(Nanoseconds patience);
  // Readable once it has ended; not open where the kernel can't say it so.
  const Descriptor& end_sign() const { return alive_; }
  // Once ended: did it exit with status 0? Not if nobody knows.
  bool succeeded() const;
  // Once ended: which signal killed it; 0 if none did.
  int ended_by_signal() const;
  // Once ended: "exit status 3", "killed by signal 9 (Killed)".
  std::string how_it_ended() const;
  // "./enrich.py: exit status 3: KeyError: 'id'"; `why` instead of how it ended, if given.
  std::string account(std::string_view why = {}) const;

 private:
  ChildProcess() = default;
  std::string name_;
  Descriptor input_, output_, errors_;
  ErrorLines error_lines_;
  void reap();
  enum class End : uint8_t { none, exited, killed, unknown };
  Descriptor alive_;  // Readable once it has ended
  int process_ = -1;  // Its id and its group's, kept from others until it is reaped
  End end_ = End::none;
  int end_number_ = 0;  // The exit status, or the signal
};

// All that run, with what they have started, at once: for a process that is about to leave without
// a farewell. From any thread.
void kill_all_children();

}  // namespace sluice
