// A program that answers each line with a line, for the transform `exec`: its process and the
// pipes.
#pragma once

#include <functional>
#include <memory>
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
  static constexpr size_t line_bytes_max = 64 << 20;  // A longer answer is an error

  // `patience`: how long the program may neither take nor give a byte while it owes an answer.
  static Result<std::unique_ptr<LineExchange>> start(const std::vector<std::string>& words,
                                                     Nanoseconds patience);

  // Lets the program come to its end, by ending its input, but not for long.
  ~LineExchange();
  LineExchange(const LineExchange&) = delete;
  LineExchange& operator=(const LineExchange&) = delete;

  // Sends the texts as lines and calls `on_line` with the answer to each, in order, without its
  // line break. The texts have no line breaks. Waits for the program.
  Status exchange(std::span<const std::string_view> texts,
                  const std::function<void(size_t index, std::string_view line)>& on_line);
  std::vector<std::string> take_errors();

 private:
  LineExchange(std::unique_ptr<ChildProcess> child, Nanoseconds patience)
      : child_(std::move(child)), patience_(patience) {}
  Status exchange_all(std::span<const std::string_view> texts,
                      const std::function<void(size_t index, std::string_view line)>& on_line);
  Error too_many() const;
  Error gone();
  Status wait(bool sending);
  Status send();
  Result<bool> receive();

  const std::unique_ptr<ChildProcess> child_;
  const Nanoseconds patience_;
  bool failed_ = false;
  Instant deadline_ = {};
  std::string sending_;  // From sent_ on
  size_t sent_ = 0;
  std::string received_;
};

}  // namespace sluice
