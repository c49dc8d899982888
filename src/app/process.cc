#include "app/process.h"

#include <fcntl.h>
#include <malloc.h>
#include <sched.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <thread>

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

}  // namespace

void prepare_process() {
  // Blocks and windows (up to 1 MiB) are used again without asking the system for pages; what is
  // larger, or more than a few MiB of freed memory, goes back to it, so that the process is about
  // as large as what it holds. With fewer arenas threads wait for each other, with more each keeps
  // a reserve of its own.
  constexpr int arenas_max = 4, mmap_bytes_min = 1 << 20, trim_bytes_min = 4 << 20;
  mallopt(M_ARENA_MAX, arenas_max);
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
