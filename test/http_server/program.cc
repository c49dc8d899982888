#include "http_server/program.h"

#include <sys/eventfd.h>
#include <sys/resource.h>
#include <unistd.h>

#include <atomic>
#include <csignal>
#include <cstdio>

namespace sluice::http_server {
namespace {

std::atomic<bool> stop{false};
int wake = -1;

void on_signal(int) {
  stop.store(true);
  const uint64_t one = 1;
  [[maybe_unused]] const ssize_t written = write(wake, &one, sizeof one);
}

// Thousands of connections need as many files.
void raise_file_limit() {
  rlimit limit{};
  getrlimit(RLIMIT_NOFILE, &limit);
  limit.rlim_cur = limit.rlim_max;
  setrlimit(RLIMIT_NOFILE, &limit);
}

}  // namespace

Status serve_until_signal(const HttpServerOptions& options,
                          const std::function<std::unique_ptr<Handler>()>& make_handler) {
  wake = eventfd(0, EFD_CLOEXEC);
  std::signal(SIGTERM, on_signal);
  std::signal(SIGINT, on_signal);
  std::signal(SIGPIPE, SIG_IGN);
  raise_file_limit();
  const auto server = TRY(HttpServer::listen(options, make_handler));
  std::printf("listening on 127.0.0.1:%u\n", server->port());
  std::fflush(stdout);
  server->serve(stop, wake);
  return {};
}

}  // namespace sluice::http_server
