// Real S3 servers for tests: each call starts one on a free port of 127.0.0.1, over a fresh
// directory, waits until it answers, and makes a bucket in it. It ends with its S3Server, or with
// the thread that started it, and its directory goes too. ./dev servers brings the programs.
//
//   Result<std::unique_ptr<S3Server>> server = start_minio();
//   if (!server.ok()) {
//     CHECK_MESSAGE(skipped(server.error()), server.error().message);
//     return;
//   }
//   ... (*server)->endpoint() ...
//
// None of them is S3: what matters passes on both of the real ones. What breaks answers on their
// way is in toxiproxy.h.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "base/result.h"
#include "servers/process.h"

namespace sluice {

class S3Server {
 public:
  S3Server(std::string name, std::string scheme, uint16_t port, std::unique_ptr<Process> process)
      : name_(std::move(name)),
        scheme_(std::move(scheme)),
        port_(port),
        process_(std::move(process)) {}

  const std::string& name() const { return name_; }  // "versitygw", "minio", "fake_s3"
  uint16_t port() const { return port_; }
  // "http://127.0.0.1:9000", without a slash at the end; buckets are in the path.
  std::string endpoint() const { return scheme_ + "://127.0.0.1:" + std::to_string(port_); }
  std::string key() const;
  std::string secret() const;
  std::string region() const;
  std::string bucket() const;  // It is there, and empty.

  // What it wrote to its standard output and error so far.
  std::string log() const { return process_->output(); }
  bool running() { return process_->running(); }
  // An error if it had ended by itself, or did not end in ten seconds. Again: nothing.
  Status stop() { return process_->stop(); }

 private:
  const std::string name_, scheme_;
  const uint16_t port_;
  const std::unique_ptr<Process> process_;
};

// Checks signature, region and checksums. Keeps files below its directory: `a//b` is `a/b`, `a`
// beside `a/b` is refused; Complete with an unknown upload id is 200 where an object is at the key.
Result<std::unique_ptr<S3Server>> start_versitygw();
// Errs elsewhere: ignores If-Match of a DELETE, lists uploads by whole key only.
Result<std::unique_ptr<S3Server>> start_minio();
// Ours, in memory: test/fake_s3, with what `arguments` ask of it beside keys and bucket, such as
// {"--latency", "52", "--fault", "verb=get,every=3,do=503"}. With --tls its endpoint is https. What
// has happened so far: control(server.port(), "GET", "/-fake-s3-/counters") (control.h).
Result<std::unique_ptr<S3Server>> start_fake_s3(const std::vector<std::string>& arguments);

// Where ./dev servers puts programs: $SLUICE_SERVERS, or the user's cache.
std::string servers_directory();
// The path of one of them; else the error that `skipped` knows.
Result<std::string> find_server(const std::string& name);

// Whether `error` says only that a server isn't here. Then the line that ./dev test counts has been
// printed. Never where servers must be here: with SLUICE_SERVERS_REQUIRED=1, or in CI.
bool skipped(const Error& error);

// One request signed by another hand than Sluice's (Python's standard library); the answer's body.
// An error unless the status is 2xx. `path` is "/bucket/key", as it goes over the wire; `endpoint`
// is that of a proxy, if it is to go through one; `headers` are "name:value".
Result<std::string> signed_request(const S3Server& server, const std::string& method,
                                   const std::string& path, const std::string& body = {},
                                   const std::string& endpoint = {},
                                   const std::vector<std::string>& headers = {});

}  // namespace sluice
