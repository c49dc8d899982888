// A program that answers each line with a line, for the transform `exec`: its process and the
// pipes.
#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/child_process.h"
#include "base/clock.h"
#include "base/result.h"

namespace sluice {

// One thread at a time. After an error it is of no more use.
class LineExchange {
 public:
  static constexpr size_t line_bytes_most = 64 << 20;
  static constexpr Nanoseconds farewell = 5'000'000'000;  // From its input's end to its own

  struct Terms {
    uint64_t line_bytes_max = line_bytes_most;     // Of a longer answer only that it is one is told
    const std::atomic<bool>* cancelled = nullptr;  // Once true, waiting ends with an error
    std::string_view advice = {};                  // For whoever wrote a program that says nothing
  };

  // `patience`: how long the program may neither take nor give a byte while it owes an answer.
  static Result<std::unique_ptr<LineExchange>> start(const std::vector<std::string>& words,
                                                     Nanoseconds patience);

  // Lets the program come to its end, by ending its input, but not for long.
  ~LineExchange();
  LineExchange(const LineExchange&) = delete;
  LineExchange& operator=(const LineExchange&) = delete;

  // Sends the texts as lines and calls `on_line` with the answer to each, in order, without its
  // line break; with nothing if it is too long. The texts have no line breaks. Waits for the
  // program.
  using OnLine = std::function<void(size_t index, std::optional<std::string_view> line)>;
  Status exchange(std::span<const std::string_view> texts, const Terms& terms,
                  const OnLine& on_line);
  // It gets no more: its input ends.
  void say_end() { child_->input().close(); }
  // After that: waits till it has come to its end, at last till `deadline`. An error if it says by
  // then that something went wrong: its status, a signal, a line that nobody has asked for. One
  // that goes on all the same is killed.
  Status wait_for_end(Instant deadline);
  // After an error: whether the program had come to its end, and by which signal (0: none).
  bool has_ended() const { return has_ended_; }
  int ended_by_signal() const { return child_->ended_by_signal(); }
  std::vector<std::string> take_errors();

 private:
  LineExchange(std::unique_ptr<ChildProcess> child, Nanoseconds patience)
      : child_(std::move(child)), patience_(patience) {}
  Status exchange_all(std::span<const std::string_view> texts, const OnLine& on_line);
  void take_lines(size_t wanted, const OnLine& on_line);
  Error too_many() const;
  Error gone();
  Status wait(bool sending);
  Status send();
  Result<bool> receive();

  const std::unique_ptr<ChildProcess> child_;
  const Nanoseconds patience_;
  Terms terms_;
  bool failed_ = false, is_over_ = false;
  bool has_ended_ = false;
  size_t answered_ = 0;    // Of this exchange
  bool skipping_ = false;  // The rest of an answer that is too long
  Instant deadline_ = {};
  std::string sending_;  // From sent_ on
  size_t sent_ = 0;
  std::string received_;
};

}  // namespace sluice
