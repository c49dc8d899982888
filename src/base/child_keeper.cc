#include "base/child_keeper.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <memory>
#include <vector>

#include "base/spawn.h"

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

// Waited for at our own end: where nobody reaps orphans (in many containers) it would stay as a
// zombie.
class Keeper {
 public:
  // Nothing of ours is left in it but its end of the pipe: whoever reads what we print must not
  // wait for its end too.
  Keeper();
  ~Keeper() {
    if (pipe_ >= 0) ::close(pipe_);
    if (process_ < 0 || !is_ours()) return;
    while (::waitpid(process_, nullptr, 0) < 0 && errno == EINTR) {
    }
  }
  Keeper(const Keeper&) = delete;
  Keeper& operator=(const Keeper&) = delete;
  // Not those of a process that has forked us.
  bool is_ours() const { return owner_ == ::getpid(); }
  void tell(pid_t what) const {
    // Where it doesn't take it, it has gone.
    if (pipe_ >= 0) (void)!::write(pipe_, &what, sizeof what);
  }

 private:
  const pid_t owner_ = ::getpid();
  pid_t process_ = -1;
  int pipe_ = -1;
};

Keeper::Keeper() {
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) != 0) return;
  Spawn spawn;  // In a group of its own: signals from the terminal aren't for it.
  posix_spawn_file_actions_adddup2(&spawn.actions, ends[0], 0);
  for (const int output : {1, 2})
    posix_spawn_file_actions_addopen(&spawn.actions, output, "/dev/null", O_WRONLY, 0);
  char program[] = "sluice", word[] = "--sluice-keeper";
  char* words[] = {program, word, nullptr};
  pid_t process = -1;
  const int error =
      ::posix_spawn(&process, program_path, &spawn.actions, &spawn.attributes, words, environ);
  ::close(ends[0]);
  if (error != 0) {
    ::close(ends[1]);
    return;
  }
  ::fcntl(ends[1], F_SETFL, O_NONBLOCK);  // One that hangs holds up nothing.
  process_ = process;
  pipe_ = ends[1];
}

const Keeper& keeper() {
  static std::unique_ptr<const Keeper> one;
  if (!one || !one->is_ours()) one = std::make_unique<const Keeper>();
  return *one;
}

}  // namespace

void keep_group(pid_t leader) {
  keeper().tell(leader);
}

void let_group_go(pid_t leader) {
  keeper().tell(-leader);
}

}  // namespace sluice
