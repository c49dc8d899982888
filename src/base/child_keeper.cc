#include "base/child_keeper.h"

#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <vector>

extern char** environ;

namespace sluice {
namespace {

constexpr const char* program_path = "/proc/self/exe";
constexpr const char* keeper_word = "--sluice-keeper";

// What goes through the pipe: a group that begins, as it is, or one that is over, negative.
void take(pid_t said, std::vector<pid_t>& groups) {
  if (said > 0) groups.push_back(said);
  if (said < 0) groups.erase(std::remove(groups.begin(), groups.end(), -said), groups.end());
}

int keep() {
  std::vector<pid_t> groups;
  for (;;) {
    pid_t said = 0;
    const ssize_t bytes = ::read(0, &said, sizeof said);
    if (bytes < 0 && errno == EINTR) continue;
    if (bytes != sizeof said) break;
    take(said, groups);
  }
  for (const pid_t leader : groups) ::kill(-leader, SIGKILL);
  return 0;
}

// Before main(), as the transform jq's process is (transform/jq_server.cc).
__attribute__((constructor)) void keep_if_asked(int count, char** words, char**) {
  if (count == 2 && std::strcmp(words[1], keeper_word) == 0) ::_exit(keep());
}

// Our end of the pipe, or -1. Nothing of ours is left in the keeper but that: whoever reads what we
// print must not wait for its end too.
int start_keeper() {
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) != 0) return -1;
  posix_spawn_file_actions_t actions;
  posix_spawnattr_t attributes;
  posix_spawn_file_actions_init(&actions);
  posix_spawnattr_init(&attributes);
  posix_spawn_file_actions_adddup2(&actions, ends[0], 0);
  for (const int output : {1, 2})
    posix_spawn_file_actions_addopen(&actions, output, "/dev/null", O_WRONLY, 0);
  sigset_t none, all;
  sigemptyset(&none);
  sigfillset(&all);
  posix_spawnattr_setsigmask(&attributes, &none);
  posix_spawnattr_setsigdefault(&attributes, &all);
  posix_spawnattr_setpgroup(&attributes, 0);  // Signals from the terminal aren't for it.
  posix_spawnattr_setflags(&attributes,
                           POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETPGROUP);
  char program[] = "sluice", word[] = "--sluice-keeper";
  char* words[] = {program, word, nullptr};
  pid_t process = -1;
  const int error = ::posix_spawn(&process, program_path, &actions, &attributes, words, environ);
  posix_spawn_file_actions_destroy(&actions);
  posix_spawnattr_destroy(&attributes);
  ::close(ends[0]);
  if (error == 0) {
    ::fcntl(ends[1], F_SETFL, O_NONBLOCK);  // One that has gone, or hangs, holds up nothing.
    return ends[1];
  }
  ::close(ends[1]);
  return -1;
}

// Never closed: its end is ours. A process that we were forked from has one of its own.
void tell(pid_t what) {
  static int pipe = -1;
  static pid_t owner = -1;
  if (owner != ::getpid()) {
    owner = ::getpid();
    pipe = start_keeper();
  }
  if (pipe >= 0 && ::write(pipe, &what, sizeof what) != sizeof what && errno == EPIPE) pipe = -1;
}

}  // namespace

void keep_group(pid_t leader) {
  tell(leader);
}

void let_group_go(pid_t leader) {
  tell(-leader);
}

}  // namespace sluice
