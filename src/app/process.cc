#include "app/process.h"

#include <fcntl.h>
#include <malloc.h>
#include <sched.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <exception>
#include <thread>
#include <vector>

#include "base/bug.h"
#include "base/text.h"

extern char** environ;  // NOLINT: POSIX declares it nowhere.

namespace sluice {
namespace {

constexpr uint64_t memory_bytes_most = 256 << 20;

// A small file whole; empty if it can't be read.
std::string text_of(const std::string& path) {
  const int file = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (file < 0) return {};
  char text[4096];
  const ssize_t bytes = ::read(file, text, sizeof(text));
  ::close(file);
  return bytes > 0 ? std::string(text, static_cast<size_t>(bytes)) : std::string();
}

// The limits of this folder and of all above it.
uint64_t least_limit(const std::string& root, std::string folder, const std::string& file) {
  uint64_t least = UINT64_MAX;
  for (;;) {
    const std::string text = text_of(root + folder + "/" + file);
    if (const auto limit = parse_number<uint64_t>(trim(text))) least = std::min(least, *limit);
    if (folder.empty()) return least;
    folder.resize(std::min(folder.rfind('/'), folder.size() - 1));
  }
}

// proc_pid_stat(5): numbers of fields as that page has them, from 1.
constexpr size_t stat_state = 3, stat_start_time = 22;

std::string field_of_stat(pid_t pid, size_t field) {
  const std::string text = text_of("/proc/" + std::to_string(pid) + "/stat");
  const size_t name_end = text.rfind(')');  // A name may hold anything.
  if (name_end == text.npos || name_end + 2 > text.size()) return {};
  const std::vector<std::string_view> words =
      split(std::string_view(text).substr(name_end + 2), ' ');
  constexpr size_t first = 3;  // Behind the number and the name
  return field - first < words.size() ? std::string(words[field - first]) : std::string();
}

// Which processes can be seen from here, and since which start of the machine; empty: not known.
std::string where_processes_are() {
  struct stat processes = {};
  if (::stat("/proc/self/ns/pid", &processes) != 0) return {};
  const std::string boot = std::string(trim(text_of("/proc/sys/kernel/random/boot_id")));
  return boot.empty() ? boot : std::to_string(processes.st_ino) + ' ' + boot;
}

}  // namespace

void prepare_process() {
  std::set_terminate(end_by_exception);
  // Blocks and windows (up to 1 MiB) are used again without asking the system for pages; what is
  // larger, or more than a few MiB of freed memory, goes back to it, so that the process is about
  // as large as what it holds. Each arena keeps a reserve of its own; threads that can't run at the
  // same time hardly wait for each other's.
  constexpr unsigned arenas_min = 2, arenas_most = 4;
  constexpr int mmap_bytes_min = 1 << 20, trim_bytes_min = 4 << 20;
  mallopt(M_ARENA_MAX, static_cast<int>(std::clamp(usable_cores(), arenas_min, arenas_most)));
  mallopt(M_MMAP_THRESHOLD, mmap_bytes_min);
  mallopt(M_TRIM_THRESHOLD, trim_bytes_min);
  mallopt(M_TOP_PAD, 1 << 20);
  std::signal(SIGPIPE, SIG_IGN);
  // Hundreds of connections and files: a shell's 1,024 is a matter of habit, the hard limit counts.
  rlimit files = {};
  if (::getrlimit(RLIMIT_NOFILE, &files) == 0 && files.rlim_cur < files.rlim_max) {
    files.rlim_cur = std::min<rlim_t>(files.rlim_max, 65'536);
    ::setrlimit(RLIMIT_NOFILE, &files);
  }
}

Environment process_environment() {
  Environment environment;
  for (char** entry = environ; entry != nullptr && *entry != nullptr; ++entry) {
    const std::string_view text = *entry;
    const size_t equals = text.find('=');
    if (equals == std::string_view::npos) continue;
    environment.variables.emplace(text.substr(0, equals), text.substr(equals + 1));
  }
  return environment;
}

std::string host_name() {
  char name[256] = {};
  if (::gethostname(name, sizeof(name) - 1) != 0) return "unknown";
  return name;
}

// "<pid> <when it was started> <the processes it sees> <which start of the machine>". The second,
// since numbers of processes come again; the third, since each container counts its own.
std::string process_identity() {
  const std::string begun = field_of_stat(::getpid(), stat_start_time);
  const std::string place = where_processes_are();
  if (begun.empty() || place.empty()) return {};
  return std::to_string(::getpid()) + ' ' + begun + ' ' + place;
}

bool has_ended(std::string_view identity) {
  const std::vector<std::string_view> words = split(identity, ' ');
  if (words.size() != 4) return false;
  const auto pid = parse_number<pid_t>(words[0]);
  const std::string place = where_processes_are();
  if (!pid || *pid <= 0 || place.empty()) return false;
  if (place != std::string(words[2]) + ' ' + std::string(words[3])) return false;
  if (::kill(*pid, 0) != 0 && errno == ESRCH) return true;
  const std::string begun = field_of_stat(*pid, stat_start_time);
  if (begun.empty()) return false;  // It is another user's, and hidden.
  return begun != words[1] || field_of_stat(*pid, stat_state) == "Z";
}

unsigned usable_cores() {
  cpu_set_t set;
  CPU_ZERO(&set);
  if (::sched_getaffinity(0, sizeof(set), &set) == 0) {
    return std::max(1U, static_cast<unsigned>(CPU_COUNT(&set)));
  }
  return std::max(1U, std::thread::hardware_concurrency());
}

// https://docs.kernel.org/admin-guide/cgroup-v2.html: memory.max is "max" or a number; of version
// 1, memory.limit_in_bytes is a number, without a limit a huge one.
uint64_t cgroup_memory_bytes() {
  uint64_t least = UINT64_MAX;
  const std::string cgroups = text_of("/proc/self/cgroup");
  for (const std::string_view line : split(cgroups, '\n')) {
    const auto words = split(line, ':');
    if (words.size() < 3) continue;
    std::string folder(words[2] == "/" ? std::string_view() : words[2]);
    if (words[1].empty()) {
      least = std::min(least, least_limit("/sys/fs/cgroup", folder, "memory.max"));
    } else if (words[1] == "memory") {
      least =
          std::min(least, least_limit("/sys/fs/cgroup/memory", folder, "memory.limit_in_bytes"));
    }
  }
  return least;
}

// proc(5): "VmHWM:     1234 kB". (getrusage() would tell the parent's, if that was larger.)
uint64_t resident_peak_bytes() {
  const std::string status = text_of("/proc/self/status");
  for (const std::string_view line : split(status, '\n')) {
    if (!line.starts_with("VmHWM:")) continue;
    const size_t begin = line.find_first_of("0123456789");
    if (begin == line.npos) return 0;
    const size_t end = line.find(' ', begin);
    return parse_number<uint64_t>(line.substr(begin, end - begin)).value_or(0) << 10;
  }
  return 0;
}

uint64_t default_memory_bytes() {
  const uint64_t limit = cgroup_memory_bytes();
  if (limit == UINT64_MAX) return memory_bytes_most;
  return std::min(memory_bytes_most, limit / 10 * 6);
}

}  // namespace sluice
