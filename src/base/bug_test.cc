#include "base/bug.h"

#include <doctest/doctest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <exception>
#include <string>
#include <variant>

namespace sluice {
namespace {

// What a child says that ends by an exception, and how it ends.
std::string last_words(int& status) {
  int ends[2];
  REQUIRE(::pipe(ends) == 0);
  const pid_t child = ::fork();
  if (child == 0) {
    ::dup2(ends[1], STDERR_FILENO);
    std::signal(SIGABRT, SIG_DFL);
    std::set_terminate(end_by_exception);
    [&]() noexcept { (void)std::get<0>(std::variant<int, char>('a')); }();
  }
  ::close(ends[1]);
  std::string words;
  char some[4096];
  for (ssize_t got = 0; (got = ::read(ends[0], some, sizeof some)) > 0;)
    words.append(some, static_cast<size_t>(got));
  ::close(ends[0]);
  REQUIRE(::waitpid(child, &status, 0) == child);
  return words;
}

}  // namespace

TEST_CASE("an exception that nobody catches says what it is and where it was thrown") {
  int status = 0;
  const std::string words = last_words(status);
  CHECK(WIFSIGNALED(status));
  CHECK(words.starts_with("bug: std::get: wrong index for variant\n"));
  CHECK(words.find("base_test(") != std::string::npos);
}

}  // namespace sluice
