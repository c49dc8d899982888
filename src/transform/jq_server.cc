#include "transform/jq_server.h"

#include <fcntl.h>
#include <sys/resource.h>
#include <sys/time.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstring>
#include <memory>
#include <string_view>

#include "base/clock.h"
#include "base/text.h"
#include "json/value.h"
#include "transform/jq_program.h"

namespace sluice {
namespace {

constexpr const char* program_path = "/proc/self/exe";
constexpr const char* server_word = "--sluice-jq-server";
constexpr size_t block_bytes = 64 << 10;
constexpr Nanoseconds held_back_max = 50'000'000;

// What has been answered and not been written yet: also written when the process is aborted, since
// the record behind the last answer is the one that is to blame.
std::string& answers() {
  static std::string text;
  return text;
}
pid_t starter = 0;  // NOLINT: a signal handler can reach nothing else

bool write_answers() {
  std::string& text = answers();
  size_t written = 0;
  while (written < text.size()) {
    const ssize_t bytes = ::write(1, text.data() + written, text.size() - written);
    if (bytes < 0 && errno == EINTR) continue;
    if (bytes < 0) return false;
    written += static_cast<size_t>(bytes);
  }
  text.clear();
  return true;
}

void on_abort(int number) {
  write_answers();
  std::signal(number, SIG_DFL);
  ::raise(number);
}

void on_timer(int) {
  if (::getppid() != starter) ::_exit(1);
}

void set_signals() {
  starter = ::getppid();
  for (const int number : {SIGABRT, SIGSEGV, SIGBUS, SIGFPE}) std::signal(number, on_abort);
  struct sigaction on_alarm = {};
  on_alarm.sa_handler = on_timer;
  on_alarm.sa_flags = SA_RESTART;
  ::sigaction(SIGALRM, &on_alarm, nullptr);
  const itimerval each_second = {{1, 0}, {1, 0}};
  ::setitimer(ITIMER_REAL, &each_second, nullptr);
}

// Besides what the program has by itself. Sanitizers map far more than they use.
void limit_memory([[maybe_unused]] uint64_t bytes) {
#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
  // https://man7.org/linux/man-pages/man5/proc_pid_statm.5.html: pages; the sixth is data and
  // stack.
  char text[256] = {};
  const int file = ::open("/proc/self/statm", O_RDONLY | O_CLOEXEC);
  const ssize_t size = file < 0 ? -1 : ::read(file, text, sizeof text - 1);
  if (file >= 0) ::close(file);
  unsigned long long data_pages = 0;
  if (size > 0) std::sscanf(text, "%*u %*u %*u %*u %*u %llu", &data_pages);
  const rlim_t limit = data_pages * static_cast<uint64_t>(::sysconf(_SC_PAGESIZE)) + bytes;
  const rlimit data = {limit, limit};
  ::setrlimit(RLIMIT_DATA, &data);
#endif
  const rlimit none = {0, 0};
  ::setrlimit(RLIMIT_CORE, &none);
}

void answer(JqProgram& program, std::string_view record) {
  auto text = program.run(record);
  std::string line;  // Whole, before it is among the others: it may be its memory that is too much
  if (!text.ok()) {
    const std::string& why = text.error().message;
    line = '!' + json::quote(json::is_utf8(why) ? why : "unprintable");
  } else if (!*text) {
    line = "-";
  } else {
    line = **text == record ? "=" : "+" + **text;
  }
  line += '\n';
  answers() += line;
}

int serve(uint64_t memory_bytes) {
  set_signals();
  limit_memory(memory_bytes);
  std::unique_ptr<JqProgram> program;
  std::string received;
  Instant written = now();
  for (;;) {
    const size_t before = received.size();
    received.resize(before + block_bytes);
    const ssize_t bytes = ::read(0, received.data() + before, block_bytes);
    received.resize(before + static_cast<size_t>(std::max<ssize_t>(bytes, 0)));
    if (bytes < 0 && errno == EINTR) continue;
    if (bytes <= 0) return 0;
    size_t begin = 0;
    for (size_t end; (end = received.find('\n', begin)) != std::string::npos; begin = end + 1) {
      const std::string_view line = std::string_view(received).substr(begin, end - begin);
      if (program) {
        answer(*program, line);
      } else {
        auto compiled = JqProgram::compile(json::unescape(line.substr(1, line.size() - 2)));
        if (!compiled.ok()) return 1;
        program = std::move(*compiled);
        answers() = "ready\n";
      }
      if (answers().size() < block_bytes && now() - written < held_back_max) continue;
      if (!write_answers()) return 0;
      written = now();
    }
    received.erase(0, begin);
    if (!write_answers()) return 0;
    written = now();
  }
}

// Before main(), so that every program that has the transform has this in it, tests included. What
// this needs of other files has no constructors of its own.
__attribute__((constructor)) void serve_if_asked(int count, char** words, char**) {
  if (count != 3 || std::strcmp(words[1], server_word) != 0) return;
  const auto memory = parse_number<uint64_t>(words[2]);
  ::_exit(memory ? serve(*memory) : 2);
}

}  // namespace

std::vector<std::string> jq_server_words(uint64_t memory_bytes) {
  return {program_path, server_word, std::to_string(memory_bytes)};
}

}  // namespace sluice
