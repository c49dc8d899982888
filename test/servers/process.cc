#include "servers/process.h"

#include <fcntl.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <thread>

namespace sluice {
namespace {

namespace fs = std::filesystem;
using namespace std::chrono_literals;

constexpr int stop_seconds_max = 10;
constexpr size_t output_bytes_shown = 600;

std::string output_path(const TemporaryDirectory& directory) {
  return directory.path() + "/output";
}

Error system_error(std::string_view what) {
  return Error{ErrorKind::internal, std::string(what) + ": " + std::strerror(errno)};
}

// A file descriptor of our own, closed with this.
class Descriptor {
 public:
  explicit Descriptor(int fd) : fd_(fd) {}
  ~Descriptor() {
    if (fd_ >= 0) close(fd_);
  }
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  int get() const { return fd_; }

 private:
  const int fd_;
};

// The pointers that exec wants; valid while `texts` is.
std::vector<char*> pointers(std::vector<std::string>& texts) {
  std::vector<char*> all;
  all.reserve(texts.size() + 1);
  for (std::string& text : texts) all.push_back(text.data());
  all.push_back(nullptr);
  return all;
}

std::vector<std::string> environment_of(const Program& program, const std::string& directory) {
  const char* path = std::getenv("PATH");
  std::map<std::string, std::string> all = program.environment;
  all.insert({{"PATH", path == nullptr ? "/usr/bin:/bin" : path},
              {"HOME", directory},
              {"TMPDIR", directory}});
  std::vector<std::string> texts;
  texts.reserve(all.size());
  for (const auto& [name, value] : all) texts.push_back(name + "=" + value);
  return texts;
}

struct Exec {
  pid_t parent;
  int input, output;
  const char* directory;
  char* const* arguments;
  char* const* environment;
};

// In the child. Others' threads may hold any lock, so nothing here allocates.
[[noreturn]] void become(const Exec& exec) {
  // A test that is killed takes its servers along.
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (getppid() != exec.parent) _exit(127);
  setpgid(0, 0);  // Ctrl-C is for the test, which then ends us.
  sigset_t none;
  sigemptyset(&none);
  sigprocmask(SIG_SETMASK, &none, nullptr);
  std::signal(SIGPIPE, SIG_DFL);
  if (dup2(exec.input, 0) < 0 || dup2(exec.output, 1) < 0 || dup2(exec.output, 2) < 0 ||
      chdir(exec.directory) != 0) {
    _exit(127);
  }
  close_range(3, ~0U, 0);
  execve(exec.arguments[0], exec.arguments, exec.environment);
  _exit(127);
}

}  // namespace

Result<std::unique_ptr<TemporaryDirectory>> TemporaryDirectory::make() {
  std::error_code error;
  const fs::path below = fs::temp_directory_path(error);
  if (error) return Error{ErrorKind::invalid, "TMPDIR: " + error.message()};
  std::string path = below / "sluice-server-XXXXXX";
  if (mkdtemp(path.data()) == nullptr) return system_error("make the directory " + path);
  return std::unique_ptr<TemporaryDirectory>(new TemporaryDirectory(std::move(path)));
}

TemporaryDirectory::~TemporaryDirectory() {
  std::error_code ignored;
  fs::remove_all(path_, ignored);
}

Result<std::unique_ptr<Process>> Process::start(const Program& program,
                                                std::unique_ptr<TemporaryDirectory> directory) {
  std::vector<std::string> arguments = {program.path};
  arguments.insert(arguments.end(), program.arguments.begin(), program.arguments.end());
  std::vector<std::string> environment = environment_of(program, directory->path());
  const std::string input_path = directory->path() + "/input";
  std::ofstream(input_path, std::ios::binary) << program.input;
  const Descriptor input(open(input_path.c_str(), O_RDONLY | O_CLOEXEC));
  const Descriptor output(open(output_path(*directory).c_str(),
                               O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, S_IRUSR | S_IWUSR));
  if (input.get() < 0 || output.get() < 0) return system_error("open " + input_path);

  const std::vector<char*> argument_pointers = pointers(arguments);
  const std::vector<char*> environment_pointers = pointers(environment);
  const Exec exec = {getpid(),
                     input.get(),
                     output.get(),
                     directory->path().c_str(),
                     argument_pointers.data(),
                     environment_pointers.data()};
  const pid_t pid = fork();
  if (pid < 0) return system_error("start " + program.path);
  if (pid == 0) become(exec);
  return std::unique_ptr<Process>(
      new Process(pid, fs::path(program.path).filename(), std::move(directory)));
}

Process::~Process() {
  (void)stop();
}

std::string Process::output() const {
  std::ifstream file(output_path(*directory_), std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

bool Process::running() {
  if (reaped_) return false;
  const pid_t got = waitpid(pid_, &wait_status_, WNOHANG);
  reaped_ = got == pid_ || (got < 0 && errno == ECHILD);
  return !reaped_;
}

bool Process::ended_within(int seconds_max) {
  const auto until = std::chrono::steady_clock::now() + std::chrono::seconds(seconds_max);
  while (running()) {
    if (std::chrono::steady_clock::now() > until) return false;
    std::this_thread::sleep_for(2ms);
  }
  return true;
}

Error Process::failed(std::string_view what) const {
  const std::string said = output();
  const size_t from = said.size() > output_bytes_shown ? said.size() - output_bytes_shown : 0;
  return Error{ErrorKind::internal,
               name_ + " " + std::string(what) + "; the end of its output: " + said.substr(from)};
}

Status Process::wait_until_ready(int seconds_max, const std::function<bool()>& is_ready) {
  const auto until = std::chrono::steady_clock::now() + std::chrono::seconds(seconds_max);
  while (!is_ready()) {
    if (!running()) return failed("ended before it was ready");
    if (std::chrono::steady_clock::now() > until) return failed("does not become ready");
    std::this_thread::sleep_for(10ms);
  }
  return {};
}

Status Process::wait(int seconds_max) {
  if (!ended_within(seconds_max)) return failed("takes too long");
  if (WIFEXITED(wait_status_) && WEXITSTATUS(wait_status_) == 0) return {};
  return failed(WIFEXITED(wait_status_)
                    ? "ended with exit code " + std::to_string(WEXITSTATUS(wait_status_))
                    : "was ended by signal " + std::to_string(WTERMSIG(wait_status_)));
}

Status Process::stop() {
  if (stopped_) return {};
  stopped_ = true;
  if (!running()) return failed("had ended by itself");
  kill(pid_, SIGTERM);
  if (ended_within(stop_seconds_max)) return {};
  kill(pid_, SIGKILL);
  ended_within(stop_seconds_max);
  return failed("did not end at a SIGTERM and was killed");
}

}  // namespace sluice
