#include "aws/process.h"

#include <poll.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>

#include "base/child_process.h"

namespace sluice::aws {
namespace {

constexpr size_t output_bytes_max = 1 << 20;

// Until the program closes its end, or has ended and all it printed is read: what it has left
// running may hold the pipe as long as it likes.
Status read_all(ChildProcess& program, Instant deadline, std::string& out) {
  std::array<char, 4096> block;
  for (;;) {
    const Nanoseconds left = deadline - now();
    if (left <= 0) return Error{ErrorKind::denied, "takes too long; killed"};
    std::array<pollfd, 2> wanted = {pollfd{program.output().number(), POLLIN, 0},
                                    pollfd{program.end_sign().number(), POLLIN, 0}};
    const auto ms = std::min<Nanoseconds>(left / 1'000'000 + 1, 1'000);
    ::poll(wanted.data(), wanted.size(), static_cast<int>(ms));
    const bool over = program.ended();  // Asked before the last look at what it printed
    const ssize_t bytes = ::read(program.output().number(), block.data(), block.size());
    if (bytes < 0 && errno == EINTR) continue;
    if (bytes < 0 && errno == EAGAIN && !over) continue;
    if (bytes <= 0) return {};
    out.append(block.data(), static_cast<size_t>(bytes));
    if (out.size() > output_bytes_max) {
      return Error{ErrorKind::denied, "prints more than 1 MiB; killed"};
    }
  }
}

}  // namespace

Result<std::vector<std::string>> split_words(std::string_view command) {
  std::vector<std::string> words;
  bool is_in_word = false;
  char quote = 0;
  for (size_t i = 0; i < command.size(); ++i) {
    const char c = command[i];
    const bool is_blank = c == ' ' || c == '\t' || c == '\n' || c == '\r';
    if (quote == 0 && is_blank) {
      is_in_word = false;
      continue;
    }
    if (!is_in_word) words.emplace_back();
    is_in_word = true;
    const char next = i + 1 < command.size() ? command[i + 1] : '\0';
    if (quote != 0 && c == quote) {
      quote = 0;
    } else if (c == '\\' && next != '\0' &&
               (quote == 0 || (quote == '"' && (next == '"' || next == '\\')))) {
      words.back() += command[++i];
    } else if (quote == 0 && (c == '"' || c == '\'')) {
      quote = c;
    } else {
      words.back() += c;
    }
  }
  if (quote != 0) return Error{ErrorKind::invalid, "a quote doesn't end"};
  if (words.empty() || words[0].empty()) return Error{ErrorKind::invalid, "no program is named"};
  return words;
}

Result<std::string> run_process(const std::vector<std::string>& words, Nanoseconds within) {
  const Instant deadline = now() + within;
  auto started = ChildProcess::start(
      {.words = words, .input = ChildOptions::Input::none, .errors = ChildOptions::Errors::ours});
  if (!started.ok()) {
    Error error = std::move(started.error());
    if (error.kind == ErrorKind::invalid) error.kind = ErrorKind::denied;
    return error;
  }
  ChildProcess& program = **started;
  std::string output;
  TRY_IN(read_all(program, deadline, output), words[0]);
  program.end(std::max<Nanoseconds>(deadline - now(), 0));
  if (!program.succeeded()) {
    return Error{ErrorKind::denied, words[0] + ": failed: " + program.how_it_ended()};
  }
  return output;
}

}  // namespace sluice::aws
