// An S3 in memory, on the loopback, for tests and benchmarks. See usage in options.cc.
#include <cstdio>

#include "http_server/program.h"
#include "options.h"
#include "s3_handler.h"

namespace sluice::fake_s3 {
namespace {

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
                                         .tls = tls.get(),
                                         .control_path = control_path,
                                         .name = "AmazonS3"};
  return http_server::serve_until_signal(server_options,
                                         [&world] { return std::make_unique<S3Handler>(world); });
}

int fake_s3_main(const std::vector<std::string>& words) {
  Options options;
  World world;
  Status status = read_options(words, options, world);
  if (status.ok() && options.wants_help) {
    std::fputs(usage.data(), stdout);
    return 0;
  }
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
