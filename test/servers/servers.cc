#include "servers/servers.h"

#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <map>
#include <optional>

#include "base/text.h"
#include "servers/control.h"

namespace sluice {
namespace {

constexpr const char* test_key = "sluice-test-key";
constexpr const char* test_secret = "sluice-test-secret";
constexpr const char* test_region = "us-east-1";
constexpr const char* test_bucket = "sluice-test";
constexpr int ready_seconds_max = 60;  // MinIO takes two on an idle machine.
constexpr int request_seconds_max = 60;
constexpr int attempts_max = 3;  // A port that was free may be taken a moment later.
constexpr std::string_view not_here = " is not here; ./dev servers brings it";

std::string variable(const char* name) {
  const char* value = std::getenv(name);
  return value == nullptr ? "" : value;
}

// The port in "listening on 127.0.0.1:PORT".
std::optional<uint16_t> announced_port(const std::string& output) {
  constexpr std::string_view announcement = "listening on 127.0.0.1:";
  const size_t at = output.find(announcement);
  const size_t end = at == output.npos ? at : output.find('\n', at);
  if (end == output.npos) return std::nullopt;
  const size_t from = at + announcement.size();
  return parse_number<uint16_t>(std::string_view(output).substr(from, end - from));
}

Result<std::unique_ptr<S3Server>> with_bucket(std::unique_ptr<S3Server> server) {
  TRY_IN(signed_request(*server, "PUT", "/" + server->bucket()), "make its bucket");
  // Had another taken our port, it would have answered, and ours would have ended.
  if (!server->running()) return Error{ErrorKind::transient, "it ended: " + server->log()};
  return server;
}

// How a real server is started: ADDRESS and DIRECTORY in the arguments are replaced.
struct Recipe {
  std::string name;
  std::vector<std::string> arguments;
  std::map<std::string, std::string> environment;
  std::string ready_path;  // Answers 200 once it serves
};

Result<std::unique_ptr<S3Server>> start_at(uint16_t port, Program program, const Recipe& recipe) {
  std::unique_ptr<TemporaryDirectory> directory = TRY(TemporaryDirectory::make());
  const std::string data = directory->path() + "/data";
  if (mkdir(data.c_str(), S_IRWXU) != 0) return Error{ErrorKind::internal, "cannot make " + data};
  for (std::string& argument : program.arguments) {
    if (argument == "ADDRESS") argument = "127.0.0.1:" + std::to_string(port);
    if (argument == "DIRECTORY") argument = data;
  }
  std::unique_ptr<Process> process = TRY(Process::start(program, std::move(directory)));
  TRY(process->wait_until_ready(ready_seconds_max, [&] {
    const Result<ControlAnswer> answer = control(port, "GET", recipe.ready_path);
    return answer.ok() && answer->status == 200;
  }));
  return with_bucket(std::make_unique<S3Server>(recipe.name, "http", port, std::move(process)));
}

Result<std::unique_ptr<S3Server>> start(const Recipe& recipe) {
  Program program{TRY(find_server(recipe.name)), recipe.arguments, recipe.environment, {}};
  for (int attempt = 1;; ++attempt) {
    Result<std::unique_ptr<S3Server>> server = start_at(free_port(), program, recipe);
    if (server.ok() || attempt == attempts_max) return server;
  }
}

bool is_required() {
  return variable("SLUICE_SERVERS_REQUIRED") == "1" || !variable("CI").empty();
}

}  // namespace

std::string S3Server::key() const {
  return test_key;
}
std::string S3Server::secret() const {
  return test_secret;
}
std::string S3Server::region() const {
  return test_region;
}
std::string S3Server::bucket() const {
  return test_bucket;
}

Result<std::unique_ptr<S3Server>> start_versitygw() {
  return start({"versitygw",
                {"--port", "ADDRESS", "--region", test_region, "--keep-alive", "--quiet",
                 "--health", "/health", "posix", "DIRECTORY"},
                {{"ROOT_ACCESS_KEY_ID", test_key}, {"ROOT_SECRET_ACCESS_KEY", test_secret}},
                "/health"});
}

Result<std::unique_ptr<S3Server>> start_minio() {
  return start({"minio",
                {"server", "--address", "ADDRESS", "--quiet", "DIRECTORY"},
                {{"MINIO_ROOT_USER", test_key},
                 {"MINIO_ROOT_PASSWORD", test_secret},
                 {"MINIO_REGION", test_region},
                 {"MINIO_BROWSER", "off"},
                 {"MINIO_UPDATE", "off"}},
                "/minio/health/live"});
}

Result<std::unique_ptr<S3Server>> start_fake_s3(const std::vector<std::string>& arguments) {
  Program program{SLUICE_FAKE_S3,
                  {"--key", test_key, "--secret", test_secret, "--region", test_region, "--bucket",
                   test_bucket},
                  {},
                  {}};
  program.arguments.insert(program.arguments.end(), arguments.begin(), arguments.end());
  std::unique_ptr<Process> process = TRY(Process::start(program, TRY(TemporaryDirectory::make())));
  std::optional<uint16_t> port;
  TRY(process->wait_until_ready(ready_seconds_max, [&] {
    port = announced_port(process->output());
    return port.has_value();
  }));
  const bool secure = std::find(arguments.begin(), arguments.end(), "--tls") != arguments.end();
  return std::make_unique<S3Server>("fake_s3", secure ? "https" : "http", *port,
                                    std::move(process));
}

std::string servers_directory() {
  if (std::string own = variable("SLUICE_SERVERS"); !own.empty()) return own;
  const std::string cache = variable("XDG_CACHE_HOME");
  return (cache.empty() ? variable("HOME") + "/.cache" : cache) + "/sluice/servers";
}

Result<std::string> find_server(const std::string& name) {
  std::string path = servers_directory() + "/bin/" + name;
  if (access(path.c_str(), X_OK) == 0) return path;
  return Error{ErrorKind::not_found, name + std::string(not_here)};
}

bool skipped(const Error& error) {
  if (is_required() || !error.message.ends_with(not_here)) return false;
  std::printf("skipped: %s\n", error.message.c_str());
  std::fflush(stdout);
  return true;
}

Result<std::string> signed_request(const S3Server& server, const std::string& method,
                                   const std::string& path, const std::string& body,
                                   const std::string& endpoint,
                                   const std::vector<std::string>& headers) {
  Program program{
      SLUICE_TEST_PYTHON,
      {SLUICE_SIGNED_REQUEST, method, (endpoint.empty() ? server.endpoint() : endpoint) + path},
      {{"AWS_ACCESS_KEY_ID", server.key()},
       {"AWS_SECRET_ACCESS_KEY", server.secret()},
       {"AWS_REGION", server.region()}},
      body};
  program.arguments.insert(program.arguments.end(), headers.begin(), headers.end());
  std::unique_ptr<Process> process = TRY(Process::start(program, TRY(TemporaryDirectory::make())));
  TRY_IN(process->wait(request_seconds_max), method + " " + path);
  // "200 OK" and a line break stand before the body: standard error is not buffered.
  const std::string output = process->output();
  return output.substr(output.find('\n') + 1);
}

}  // namespace sluice
