#include "aws/process.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

extern char** environ;

namespace sluice::aws {
namespace {

constexpr size_t output_bytes_max = 1 << 20;

class Descriptor {
 public:
  explicit Descriptor(int number) : number_(number) {}
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  ~Descriptor() { close(); }
  int number() const { return number_; }
  void close() {
    if (number_ >= 0) ::close(number_);
    number_ = -1;
  }

 private:
  int number_;
};

Result<pid_t> spawn(const std::vector<std::string>& words, int output) {
  std::vector<char*> arguments;
  arguments.reserve(words.size() + 1);
  for (const std::string& word : words) arguments.push_back(const_cast<char*>(word.c_str()));
  arguments.push_back(nullptr);
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0);
  posix_spawn_file_actions_adddup2(&actions, output, 1);
  pid_t child = 0;
  const int error =
      posix_spawnp(&child, arguments[0], &actions, nullptr, arguments.data(), environ);
  posix_spawn_file_actions_destroy(&actions);
  if (error != 0)
    return Error{ErrorKind::denied, std::string("can't be started: ") + std::strerror(error)};
  return child;
}

// Until the program closes its end.
Status read_all(int from, Instant deadline, std::string& out) {
  char block[4096];
  for (;;) {
    const Nanoseconds left = deadline - now();
    if (left <= 0) return Error{ErrorKind::denied, "takes too long; killed"};
    pollfd wanted = {from, POLLIN, 0};
    const int ready =
        poll(&wanted, 1, static_cast<int>(std::min<Nanoseconds>(left / 1'000'000 + 1, 1'000'000)));
    if (ready <= 0) continue;  // Interrupted, or another look at the deadline
    const ssize_t bytes = read(from, block, sizeof block);
    if (bytes < 0 && errno == EINTR) continue;
    if (bytes <= 0) return {};
    out.append(block, static_cast<size_t>(bytes));
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
  int ends[2];
  if (pipe2(ends, O_CLOEXEC) != 0) {
    return Error{ErrorKind::transient, std::string("no pipe: ") + std::strerror(errno)};
  }
  const Descriptor ours(ends[0]);
  Descriptor theirs(ends[1]);
  const Instant deadline = now() + within;
  const pid_t child = TRY_IN(spawn(words, theirs.number()), words[0]);
  theirs.close();
  std::string output;
  const Status read = read_all(ours.number(), deadline, output);
  if (!read.ok()) kill(child, SIGKILL);
  int status = 0;
  while (waitpid(child, &status, 0) < 0 && errno == EINTR) {
  }
  if (!read.ok()) return Error(read.error()).in(words[0]);
  if (!WIFEXITED(status) || WEXITSTATUS(status) != 0) {
    const std::string how = WIFEXITED(status) ? "exit code " + std::to_string(WEXITSTATUS(status))
                                              : "killed by a signal";
    return Error{ErrorKind::denied, words[0] + ": failed: " + how};
  }
  return output;
}

}  // namespace sluice::aws
