#include "base/child_process.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <mutex>
#include <set>

#include "base/child_keeper.h"
#include "base/spawn.h"
#include "base/text.h"

extern char** environ;

namespace sluice {
namespace {

Error system_error(ErrorKind kind, const std::string& what) {
  return {kind, what + ": " + std::strerror(errno)};
}

// A pipe to a child that has gone is an error of the write, not the end of us.
void ignore_broken_pipes() {
  static std::once_flag once;
  std::call_once(once, [] {
    struct sigaction is = {};
    if (::sigaction(SIGPIPE, nullptr, &is) == 0 && is.sa_handler == SIG_DFL) {
      std::signal(SIGPIPE, SIG_IGN);
    }
  });
}

// Where SIGCHLD is ignored (`trap '' CHLD` in the shell that started us; a handler that wants no
// zombies) the kernel forgets how a child ended: https://man7.org/linux/man-pages/man2/wait.2.html
void hear_of_children() {
  struct sigaction is = {};
  if (::sigaction(SIGCHLD, nullptr, &is) != 0) return;
  const bool ignored = (is.sa_flags & SA_SIGINFO) == 0 && is.sa_handler == SIG_IGN;
  if (ignored || (is.sa_flags & SA_NOCLDWAIT) != 0) std::signal(SIGCHLD, SIG_DFL);
}

// The groups that are alive, for kill_all_children().
struct Groups {
  std::mutex mutex;
  std::set<pid_t> leaders;  // Guarded by mutex
};
Groups& groups() {
  static auto* const all = new Groups;  // Never destroyed: threads may outlive statics
  return *all;
}

struct Pipe {
  Descriptor read, write;
};

Result<Pipe> make_pipe() {
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) != 0) {
    const bool are_too_many = errno == EMFILE;
    Error why = system_error(ErrorKind::transient, "no pipe");
    if (are_too_many) why.message += "; raise the limit of open files (ulimit -n)";
    return why;
  }
  return Pipe{Descriptor(ends[0]), Descriptor(ends[1])};
}

void never_block(const Descriptor& descriptor) {
  ::fcntl(descriptor.number(), F_SETFL, ::fcntl(descriptor.number(), F_GETFL) | O_NONBLOCK);
}

std::vector<char*> pointers(const std::vector<std::string>& texts) {
  std::vector<char*> out;
  out.reserve(texts.size() + 1);
  for (const std::string& text : texts) out.push_back(const_cast<char*>(text.c_str()));
  out.push_back(nullptr);
  return out;
}

std::vector<std::string> environment_of(const ChildOptions& options) {
  std::vector<std::string> out;
  for (char** entry = environ; entry != nullptr && *entry != nullptr; ++entry) {
    const std::string_view text = *entry;
    const bool ours = std::any_of(
        options.environment.begin(), options.environment.end(),
        [&](const auto& variable) { return text.substr(0, text.find('=')) == variable.first; });
    if (!ours) out.emplace_back(text);
  }
  for (const auto& [name, value] : options.environment) out.push_back(name + "=" + value);
  return out;
}

}  // namespace

// ---- Descriptor, ErrorLines

void Descriptor::close() {
  if (number_ >= 0) ::close(number_);
  number_ = -1;
}

void ErrorLines::add(std::string_view bytes) {
  for (const char c : bytes) {
    if (c == '\n') {
      end_line();
    } else if (open_.size() < line_bytes_max) {
      open_ += c;
    }
  }
}

void ErrorLines::end_line() {
  const std::string line = excerpt(trim(open_), line_bytes_max);
  open_.clear();
  if (line.empty()) return;
  lines_.push_back(line);
  if (lines_.size() > lines_max) lines_.pop_front();
  if (shown_ <= lines_max) {
    fresh_.push_back(shown_ < lines_max ? line : "(more lines follow that are not shown)");
    ++shown_;
  }
}

std::vector<std::string> ErrorLines::take_new() {
  return std::exchange(fresh_, {});
}

std::string ErrorLines::last() const {
  if (!trim(open_).empty()) return excerpt(trim(open_), line_bytes_max);
  return lines_.empty() ? std::string() : lines_.back();
}

const std::deque<std::string>& ErrorLines::lines() const {
  return lines_;
}

// ---- ChildProcess

Result<std::unique_ptr<ChildProcess>> ChildProcess::start(const ChildOptions& options) {
  ENSURE(!options.words.empty());
  ignore_broken_pipes();
  hear_of_children();
  std::unique_ptr<ChildProcess> child(new ChildProcess);
  child->name_ = options.words[0];
  Spawn spawn;
  Pipe input, output = TRY(make_pipe()), errors;
  posix_spawn_file_actions_adddup2(&spawn.actions, output.write.number(), 1);
  if (options.input == ChildOptions::Input::pipe) {
    input = TRY(make_pipe());
    posix_spawn_file_actions_adddup2(&spawn.actions, input.read.number(), 0);
    never_block(input.write);
  } else {
    posix_spawn_file_actions_addopen(&spawn.actions, 0, "/dev/null", O_RDONLY, 0);
  }
  if (options.errors == ChildOptions::Errors::pipe) {
    errors = TRY(make_pipe());
    posix_spawn_file_actions_adddup2(&spawn.actions, errors.write.number(), 2);
    never_block(errors.read);
  }
  never_block(output.read);
  const std::vector<std::string> variables = environment_of(options);
  std::vector<char*> words = pointers(options.words), environment = pointers(variables);
  pid_t process = -1;
  int error = 0;
  {
    std::lock_guard lock(groups().mutex);
    error = posix_spawnp(&process, words[0], &spawn.actions, &spawn.attributes, words.data(),
                         environment.data());
    if (error == 0) {
      groups().leaders.insert(process);
      keep_group(process);
    }
  }
  if (error != 0) {
    errno = error;
    const bool are_too_many = error == EAGAIN;
    Error why =
        system_error(are_too_many || errno == ENOMEM ? ErrorKind::transient : ErrorKind::invalid,
                     options.words[0] + ": can't be started");
    if (are_too_many)
      why.message += "; raise the limit of processes (ulimit -u, or the container's pids)";
    return why;
  }
  child->process_ = process;
  // Not on every kernel; without it end() looks every now and then.
  child->alive_ = Descriptor(static_cast<int>(::syscall(SYS_pidfd_open, process, 0)));
  child->input_ = std::move(input.write);
  child->output_ = std::move(output.read);
  child->errors_ = std::move(errors.read);
  return child;
}

ChildProcess::~ChildProcess() {
  end(0);
}

void ChildProcess::read_errors() {
  std::array<char, 4096> block;
  while (errors_.open()) {
    const ssize_t bytes = ::read(errors_.number(), block.data(), block.size());
    if (bytes > 0) {
      error_lines_.add({block.data(), static_cast<size_t>(bytes)});
    } else if (bytes == 0 || (errno != EINTR && errno != EAGAIN)) {
      errors_.close();
    } else if (errno == EAGAIN) {
      return;
    }
  }
}

void ChildProcess::signal(int number) {
  if (process_ > 0) ::kill(-process_, number);
}

// It is not reaped yet: while it is a zombie its id is nobody else's, and its group can be reached.
bool ChildProcess::ended() {
  if (process_ < 0 || end_ != End::none) return true;
  siginfo_t info = {};
  if (::waitid(P_PID, static_cast<id_t>(process_), &info, WEXITED | WNOHANG | WNOWAIT) == 0) {
    if (info.si_pid == 0) return false;
    end_ = info.si_code == CLD_EXITED ? End::exited : End::killed;
    end_number_ = info.si_status;
  } else if (errno == EINTR) {
    return false;
  } else {
    end_ = End::unknown;  // Somebody else has reaped it
  }
  read_errors();
  return true;
}

void ChildProcess::end(Nanoseconds patience) {
  const Instant deadline = now() + patience;
  while (!ended()) {
    const Nanoseconds left = deadline - now();
    if (left <= 0) signal(SIGKILL);
    // A child that waits to be rid of its errors must not wait for ever.
    std::array<pollfd, 2> wanted = {pollfd{alive_.number(), POLLIN, 0},
                                    pollfd{errors_.number(), POLLIN, 0}};
    const Nanoseconds look_again = alive_.open() && left > 0 ? std::min(left, 1_s) : 1'000'000;
    ::poll(wanted.data(), wanted.size(), static_cast<int>(look_again / 1'000'000 + 1));
    if (wanted[1].revents != 0) read_errors();
  }
  reap();
}

void ChildProcess::reap() {
  if (process_ < 0) return;
  // Of one that others have reaped the number may mean somebody else by now.
  if (end_ != End::unknown) signal(SIGKILL);
  std::lock_guard lock(groups().mutex);
  groups().leaders.erase(process_);
  let_group_go(process_);
  while (::waitpid(process_, nullptr, 0) < 0 && errno == EINTR) {
  }
  process_ = -1;
}

void kill_all_children() {
  std::lock_guard lock(groups().mutex);
  for (const pid_t leader : groups().leaders) ::kill(-leader, SIGKILL);
}

bool ChildProcess::succeeded() const {
  return end_ == End::exited && end_number_ == 0;
}

int ChildProcess::ended_by_signal() const {
  return end_ == End::killed ? end_number_ : 0;
}

std::string ChildProcess::how_it_ended() const {
  switch (end_) {
    case End::none:
      return "still runs";
    case End::exited:
      return "exit status " + std::to_string(end_number_);
    case End::unknown:
      return "nobody knows how it ended (another part of the process has waited for it)";
    case End::killed:
      break;
  }
  return "killed by signal " + std::to_string(end_number_) + " (" + ::strsignal(end_number_) + ")";
}

std::string ChildProcess::account(std::string_view why) const {
  std::string text = name_ + ": " + (why.empty() ? how_it_ended() : std::string(why));
  if (const std::string last = error_lines_.last(); !last.empty()) text += ": " + last;
  return text;
}

}  // namespace sluice
