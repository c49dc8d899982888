#include "app/stop_on_signal.h"

#include <doctest/doctest.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <cstdlib>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "app/command_line.h"
#include "app/testing.h"
#include "app/verbs.h"

namespace sluice {
namespace {

using Arguments = std::vector<std::string>;

// A server that takes connections and never answers.
int silent_server(int& port) {
  const int listener = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  auto* any = reinterpret_cast<sockaddr*>(&address);
  socklen_t size = sizeof address;
  ENSURE(::bind(listener, any, size) == 0);
  ENSURE(::listen(listener, 64) == 0);
  ENSURE(::getsockname(listener, any, &size) == 0);
  port = ntohs(address.sin_port);
  return listener;
}

// What each verb may wait for. A verb that waits for nobody is not here, and needs no deadline.
enum class WaitsFor : uint8_t { job, url, source };
const std::map<std::string, WaitsFor, std::less<>> waits_for = {
    {"run", WaitsFor::job},     {"plan", WaitsFor::job},   {"check", WaitsFor::job},
    {"preview", WaitsFor::job}, {"status", WaitsFor::job}, {"verify", WaitsFor::job},
    {"settle", WaitsFor::job},  {"init", WaitsFor::url},   {"fold", WaitsFor::source}};

bool has_grace(std::string_view verb) {
  return verb == "run" || verb == "fold";
}

// A verb in a process of its own, which is kept waiting.
class Waiting {
 public:
  Waiting(const std::string& verb, Arguments more) {
    Arguments arguments = {verb};
    std::string endpoint;
    if (waits_for.at(verb) == WaitsFor::job) {
      fifo_ = folder_ / "job.yaml";
      ENSURE(::mkfifo(fifo_.c_str(), 0600) == 0);
      arguments.push_back(fifo_);
    } else {
      int port = 0;
      descriptor_ = silent_server(port);
      endpoint = "http://127.0.0.1:" + std::to_string(port);
      if (waits_for.at(verb) == WaitsFor::url) {
        arguments.push_back(endpoint + "/");
      } else {
        arguments.insert(arguments.end(), {"s3://given/in/", folder_ / "lake"});
      }
    }
    arguments.insert(arguments.end(), more.begin(), more.end());
    child_ = ::fork();
    ENSURE(child_ >= 0);
    if (child_ == 0) does(std::move(arguments), endpoint);
  }
  ~Waiting() {
    if (!ended_) {
      ::kill(child_, SIGKILL);
      ::waitpid(child_, nullptr, 0);
    }
    if (descriptor_ >= 0) ::close(descriptor_);
  }
  Waiting(const Waiting&) = delete;
  Waiting& operator=(const Waiting&) = delete;

  // It has come to where it waits.
  bool waits() {
    return within(10_s, [&] {
      if (fifo_.empty()) {
        pollfd one{.fd = descriptor_, .events = POLLIN, .revents = 0};
        return ::poll(&one, 1, 0) == 1;
      }
      // There is somebody to write to; and nobody writes.
      descriptor_ = ::open(fifo_.c_str(), O_WRONLY | O_NONBLOCK | O_CLOEXEC);
      return descriptor_ >= 0;
    });
  }
  void send(int signal) const { ::kill(child_, signal); }
  // Its exit code, if it ends in time by itself.
  std::optional<int> exit_code() {
    int status = 0;
    ended_ = within(5_s, [&] { return ::waitpid(child_, &status, WNOHANG) == child_; });
    if (!ended_ || !WIFEXITED(status)) return std::nullopt;
    return WEXITSTATUS(status);
  }
  std::string text() const { return file_text(folder_ / "printed"); }

 private:
  static bool within(Nanoseconds patience, const std::function<bool()>& so) {
    for (const Instant begun = now(); now() - begun < patience; ::usleep(5'000)) {
      if (so()) return true;
    }
    return false;
  }

  [[noreturn]] void does(Arguments arguments, const std::string& endpoint) const {
    const int file = ::open((folder_ / "printed").c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
    ::dup2(file, STDOUT_FILENO);
    ::dup2(file, STDERR_FILENO);
    for (const char* proxy : {"http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"})
      ::unsetenv(proxy);
    ::setenv("AWS_ENDPOINT_URL_S3", endpoint.c_str(), 1);
    for (const char* name : {"AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"}) ::setenv(name, "k", 1);
    ::setenv("AWS_REGION", "us-east-1", 1);
    // As a shell starts it: verbs that this process has done hold signals back, and its tests have
    // words of their own for them.
    sigset_t none;
    sigemptyset(&none);
    ::sigprocmask(SIG_SETMASK, &none, nullptr);
    for (const int signal : {SIGTERM, SIGINT}) ::signal(signal, SIG_DFL);
    const CommandLine line = parse_command_line(all_verbs(), std::move(arguments));
    ::_exit(line.command ? do_command(line.command) : 99);
  }

  const TestFolder folder_;
  std::string fifo_;
  int descriptor_ = -1;
  pid_t child_ = 0;
  bool ended_ = false;
};

std::string help_of(std::string_view verb) {
  return parse_command_line(all_verbs(), {std::string(verb), "--help"}).text;
}

}  // namespace

TEST_CASE("a verb that waits for good hears neither a signal nor its deadline") {
  for (const Verb& verb : all_verbs()) {
    const std::string name(verb.name);
    CAPTURE(name);
    CHECK((waits_for.count(name) == 1) == has(help_of(name), "--deadline"));
    if (waits_for.count(name) == 0) continue;
    const Arguments grace = has_grace(name) ? Arguments{"--grace", "200ms"} : Arguments{};
    for (const int signal : {SIGTERM, SIGINT}) {
      CAPTURE(signal);
      Waiting waiting(name, grace);
      REQUIRE(waiting.waits());
      waiting.send(signal);
      CHECK(waiting.exit_code() == 4);
      CHECK_MESSAGE(has(waiting.text(), "stopped"), waiting.text());
    }
    Arguments limited = grace;
    limited.insert(limited.end(), {"--deadline", "200ms"});
    Waiting waiting(name, limited);  // On a busy machine it may be over before anybody looks.
    CHECK(waiting.exit_code() == 4);
    CAPTURE(waiting.text());
    CHECK((has(waiting.text(), "the deadline has come") || has(waiting.text(), "stopped")));
  }
}

}  // namespace sluice
