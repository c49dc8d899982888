#include "app/process.h"

#include <doctest/doctest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>

namespace sluice {

namespace {

// The identity of a process of its own number: as ours, but for that.
std::string with_number(const std::string& identity, pid_t pid) {
  return std::to_string(pid) + identity.substr(identity.find(' '));
}

}  // namespace

TEST_CASE("a process that runs has not ended, and says the same of itself each time") {
  const std::string ours = process_identity();
  REQUIRE(!ours.empty());
  CHECK(ours == process_identity());
  CHECK_FALSE(has_ended(ours));
}

TEST_CASE("a process has ended once it is killed, whether or not anybody has waited for it") {
  const std::string ours = process_identity();
  const pid_t child = ::fork();
  if (child == 0) {
    ::pause();
    ::_exit(0);
  }
  REQUIRE(child > 0);
  ::kill(child, SIGKILL);
  ::waitpid(child, nullptr, 0);
  CHECK(has_ended(with_number(ours, child)));
}

TEST_CASE("a number that is another process's by now doesn't hide that the first has ended") {
  const std::string ours = process_identity();
  const size_t begun = ours.find(' ') + 1;
  CHECK(has_ended(ours.substr(0, begun) + "1" + ours.substr(ours.find(' ', begun))));
}

TEST_CASE("of other machines, containers and starts of this machine nothing is certain") {
  const std::string ours = process_identity();
  const std::string dead = with_number(ours, 2'000'000'000);
  CHECK(has_ended(dead));
  CHECK_FALSE(has_ended(dead + "0"));
  const size_t space = dead.find(' ', dead.find(' ') + 1);
  CHECK_FALSE(has_ended(dead.substr(0, space) + " 1" + dead.substr(dead.rfind(' '))));
  for (const char* strange : {"", "4711", "x y z u", "-1 1 1 1", "4711 1 1 1 1"})
    CHECK_FALSE(has_ended(strange));
}

}  // namespace sluice
