// An S3 in memory, on the loopback, for tests and benchmarks. See usage in options.cc.
#include <sys/eventfd.h>
#include <sys/resource.h>
#include <unistd.h>

#include <atomic>
#include <csignal>
#include <cstdio>

#include "options.h"
#include "s3_handler.h"

namespace sluice::fake_s3 {
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

Status load(const Options& options, World& world) {
  for (const auto& [to, folder] : options.loads) {
    const size_t slash = to.find('/');
    const std::string name = to.substr(0, slash);
    std::string prefix = slash == to.npos ? std::string() : to.substr(slash + 1);
    if (!prefix.empty() && prefix.back() != '/') prefix += '/';
    Bucket& bucket = world.buckets.create(name, world.region, world.now_seconds());
    TRY(load_folder(folder, prefix, world.etag_kind, world.now_seconds(), bucket));
  }
  return {};
}

Status run(const Options& options, World& world) {
  TRY(load(options, world));
  std::unique_ptr<TlsServer> tls;
  if (!options.certificate_file.empty()) {
    tls = TRY(TlsServer::make(options.certificate_file, options.key_file));
  }
  const HttpServerOptions server_options{.port = options.port,
                                         .threads = options.threads,
                                         .bytes_per_second = options.bytes_per_second,
                                         .tls = tls.get()};
  const auto server = TRY(
      HttpServer::listen(server_options, [&world] { return std::make_unique<S3Handler>(world); }));
  std::printf("listening on 127.0.0.1:%u\n", server->port());
  std::fflush(stdout);
  server->serve(stop, wake);
  return {};
}

int fake_s3_main(const std::vector<std::string>& words) {
  Options options;
  World world;
  Status status = read_options(words, options, world);
  if (status.ok() && options.wants_help) {
    std::fputs(usage.data(), stdout);
    return 0;
  }
  wake = eventfd(0, EFD_CLOEXEC);
  std::signal(SIGTERM, on_signal);
  std::signal(SIGINT, on_signal);
  std::signal(SIGPIPE, SIG_IGN);
  raise_file_limit();
  if (status.ok()) status = run(options, world);
  if (status.ok()) return 0;
  std::fprintf(stderr, "fake_s3: %s\n", status.error().message.c_str());
  return 2;
}

}  // namespace
}  // namespace sluice::fake_s3

int main(int count, char** words) {
  return sluice::fake_s3::fake_s3_main({words + 1, words + count});
}
