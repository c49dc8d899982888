#include "base/child_process.h"

#include <doctest/doctest.h>
#include <poll.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstdlib>
#include <fstream>
#include <thread>

namespace sluice {
namespace {

std::unique_ptr<ChildProcess> shell(std::string script, ChildOptions options = {}) {
  options.words = {"sh", "-c", std::move(script)};
  auto child = ChildProcess::start(options);
  REQUIRE(child.ok());
  return std::move(*child);
}

std::string output_of(ChildProcess& child) {
  std::string out;
  for (;;) {
    pollfd wanted = {child.output().number(), POLLIN, 0};
    if (::poll(&wanted, 1, 10'000) <= 0) return out + "<nothing for 10 s>";
    char block[256];
    const ssize_t bytes = ::read(child.output().number(), block, sizeof block);
    if (bytes <= 0) return out;
    out.append(block, static_cast<size_t>(bytes));
  }
}

TEST_CASE("a child is fed and read, and its end is told") {
  const auto child = shell("tr a-z A-Z; echo done >&2; exit 3");
  CHECK(::write(child->input().number(), "hello", 5) == 5);
  child->input().close();
  CHECK(output_of(*child) == "HELLO");
  child->end(10_s);
  CHECK(child->how_it_ended() == "exit status 3");
  CHECK_FALSE(child->succeeded());
  CHECK(child->account() == "sh: exit status 3: done");
}

TEST_CASE("a child has our environment and what is added to it") {
  ChildOptions options;
  options.input = ChildOptions::Input::none;
  options.environment = {{"SLUICE_UNIT", "2024-02-08"}, {"HOME", "/nowhere"}};
  const auto child = shell("cat; echo $SLUICE_UNIT $HOME; test -n \"$PATH\"", options);
  CHECK(output_of(*child) == "2024-02-08 /nowhere\n");
  child->end(10_s);
  CHECK(child->succeeded());
}

TEST_CASE("a program that isn't there can't be started") {
  ChildOptions options;
  options.words = {"./there-is-no-such-program"};
  const auto child = ChildProcess::start(options);
  REQUIRE_FALSE(child.ok());
  CHECK(child.error().kind == ErrorKind::invalid);
  CHECK(child.error().message ==
        "./there-is-no-such-program: can't be started: No such file or directory");
}

TEST_CASE("a child that hangs is killed, with what it has started") {
  const auto child = shell("trap '' TERM; sleep 1000 & echo ready; wait; wait");
  pollfd ready = {child->output().number(), POLLIN, 0};
  REQUIRE(::poll(&ready, 1, 10'000) == 1);
  child->signal(SIGTERM);
  const Instant begun = now();
  child->end(50'000'000);
  CHECK(now() - begun < 5_s);
  CHECK(child->how_it_ended().starts_with("killed by signal 9"));
  CHECK(output_of(*child) == "ready\n");  // Nobody holds its output any more
}

TEST_CASE("a child's signals are the default ones, whatever ours are") {
  const auto child = shell("kill -PIPE $$; echo alive");
  CHECK(output_of(*child) == "");
  child->end(10_s);
  CHECK(child->how_it_ended().starts_with("killed by signal 13"));
}

TEST_CASE("a child that fails is not a success where SIGCHLD is ignored") {
  struct sigaction ignored = {};
  SUBCASE("by whoever started us") {
    ignored.sa_handler = SIG_IGN;
  }
  SUBCASE("by a handler that wants no zombies") {
    ignored.sa_flags = SA_NOCLDWAIT;
  }
  REQUIRE(::sigaction(SIGCHLD, &ignored, nullptr) == 0);
  const auto child = shell("exit 7");
  child->end(10_s);
  CHECK(child->how_it_ended() == "exit status 7");
  CHECK_FALSE(child->succeeded());
  std::signal(SIGCHLD, SIG_DFL);
}

TEST_CASE("a child of which nobody knows how it ended has not succeeded") {
  const auto child = shell("exit 0");
  CHECK(output_of(*child) == "");
  while (::waitpid(-1, nullptr, 0) < 0 && errno == EINTR) {
  }
  child->end(10_s);
  CHECK_FALSE(child->succeeded());
  CHECK(child->how_it_ended().starts_with("nobody knows"));
}

TEST_CASE("a child's mask is empty, whatever ours is") {
  sigset_t all, before;
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, &before);
  const auto child = shell("kill -TERM $$; echo alive");
  pthread_sigmask(SIG_SETMASK, &before, nullptr);
  CHECK(output_of(*child) == "");
  child->end(10_s);
  CHECK(child->how_it_ended().starts_with("killed by signal 15"));
}

TEST_CASE("what a child leaves behind goes with it, although it has ended well") {
  const auto child = shell("sleep 1000 & echo ready");
  child->end(10_s);
  CHECK(child->succeeded());
  CHECK(output_of(*child) == "ready\n");  // Nobody holds its output any more
}

TEST_CASE("all children can be killed at once, with what they have started") {
  const auto one = shell("sleep 1000"), two = shell("sleep 1000 & wait");
  kill_all_children();
  for (const auto* child : {&one, &two}) {
    CHECK(output_of(**child) == "");
    (*child)->end(10_s);
    CHECK((*child)->how_it_ended().starts_with("killed by signal 9"));
  }
}

TEST_CASE("a child goes with what it has started when we are killed, whoever started it") {
  int told[2];
  REQUIRE(::pipe(told) == 0);
  const pid_t us = ::fork();
  if (us == 0) {
    ChildOptions options;
    options.words = {"sh", "-c", "trap '' TERM; sleep 1000 & echo $!; wait"};
    std::unique_ptr<ChildProcess> child, gone;
    // By a thread that has ended long before.
    std::thread([&] {
      child = std::move(*ChildProcess::start(options));
      options.words = {"true"};
      gone = std::move(*ChildProcess::start(options));
    }).join();
    gone->end(10_s);
    pollfd wanted = {child->output().number(), POLLIN, 0};
    ::poll(&wanted, 1, 10'000);
    char block[32];
    const ssize_t bytes = ::read(child->output().number(), block, sizeof block);
    (void)!::write(told[1], block, static_cast<size_t>(std::max<ssize_t>(bytes, 0)));
    for (;;) ::pause();
  }
  ::close(told[1]);
  char block[32] = {};
  REQUIRE(::read(told[0], block, sizeof block - 1) > 0);
  const pid_t grandchild = std::atoi(block);
  REQUIRE(grandchild > 0);
  CHECK(::kill(grandchild, 0) == 0);
  ::kill(us, SIGKILL);
  ::waitpid(us, nullptr, 0);
  // Whoever inherits it may leave it a zombie: that it is one is enough.
  const auto lives = [&] {
    std::ifstream status("/proc/" + std::to_string(grandchild) + "/stat");
    std::string number, name, state;
    return status >> number >> name >> state && state != "Z";
  };
  for (int i = 0; i < 500 && lives(); ++i)
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
  CHECK_FALSE(lives());
  ::close(told[0]);
}

TEST_CASE("of errors the last lines are kept, and the first are shown") {
  ErrorLines lines;
  for (int i = 0; i < 1000; ++i) lines.add("line " + std::to_string(i) + "\n");
  lines.add(std::string(10'000, 'x') + "\n\n");
  CHECK(lines.lines().size() == ErrorLines::lines_max);
  CHECK(lines.last().size() < ErrorLines::line_bytes_max + 10);
  const auto shown = lines.take_new();
  REQUIRE(shown.size() == ErrorLines::lines_max + 1);
  CHECK(shown[0] == "line 0");
  CHECK(shown.back().find("more lines") != std::string::npos);
  CHECK(lines.take_new().empty());
  lines.add("half a line");
  CHECK(lines.last() == "half a line");
}

TEST_CASE("a child that prints more errors than a pipe holds does not wait for ever") {
  const auto child = shell("head -c 300000 /dev/zero | tr '\\0' x >&2");
  child->end(10_s);
  CHECK(child->succeeded());
}

}  // namespace
}  // namespace sluice
