#include "servers/toxiproxy.h"

#include <optional>
#include <string_view>
#include <utility>

#include "base/text.h"
#include "servers/control.h"

namespace sluice {
namespace {

constexpr int ready_seconds_max = 20;
constexpr int attempts_max = 3;  // A port that was free may be taken a moment later.
constexpr std::string_view proxy_path = "/proxies/s3";

struct Words {
  std::string_view type, attribute;
};

Words words_of(Toxic toxic) {
  switch (toxic) {
    case Toxic::latency:
      return {"latency", "latency"};
    case Toxic::timeout:
      return {"timeout", "timeout"};
    case Toxic::reset_peer:
      return {"reset_peer", "timeout"};
    case Toxic::limit_data:
      return {"limit_data", "bytes"};
  }
  return {};
}

std::string_view word_of(Stream stream) {
  return stream == Stream::upstream ? "upstream" : "downstream";
}

std::string name_of(Toxic toxic, Stream stream) {
  return std::string(words_of(toxic).type) + "_" + std::string(word_of(stream));
}

// A request that must be answered 2xx; the answer's body.
Result<std::string> tell(uint16_t port, std::string_view method, const std::string& path,
                         const std::string& body) {
  ControlAnswer answer = TRY_IN(control(port, method, path, body), "toxiproxy");
  if (answer.status / 100 == 2) return std::move(answer.body);
  return Error{ErrorKind::internal, "toxiproxy: " + std::string(method) + " " + path + ": " +
                                        std::to_string(answer.status) + " " +
                                        excerpt(answer.body, 200)};
}

// The port in {... "listen":"127.0.0.1:PORT" ...}.
std::optional<uint16_t> listen_port(std::string_view proxy) {
  constexpr std::string_view before = "\"listen\":\"127.0.0.1:";
  const size_t at = proxy.find(before);
  if (at == proxy.npos) return std::nullopt;
  proxy.remove_prefix(at + before.size());
  return parse_number<uint16_t>(proxy.substr(0, proxy.find('"')));
}

Result<std::unique_ptr<Toxiproxy>> start_at(uint16_t port, const std::string& path,
                                            const S3Server& behind) {
  const Program program{path, {"-host", "127.0.0.1", "-port", std::to_string(port)}, {}, {}};
  std::unique_ptr<Process> process = TRY(Process::start(program, TRY(TemporaryDirectory::make())));
  TRY(process->wait_until_ready(ready_seconds_max, [port] {
    const Result<ControlAnswer> answer = control(port, "GET", "/version");
    return answer.ok() && answer->status == 200;
  }));
  const std::string proxy =
      TRY(tell(port, "POST", "/proxies",
               R"({"name":"s3","listen":"127.0.0.1:0","enabled":true,"upstream":"127.0.0.1:)" +
                   std::to_string(behind.port()) + "\"}"));
  const std::optional<uint16_t> listening = listen_port(proxy);
  if (!listening) return Error{ErrorKind::internal, "toxiproxy: where does it listen? " + proxy};
  return std::make_unique<Toxiproxy>(port, *listening, std::move(process));
}

}  // namespace

Status Toxiproxy::add(Toxic toxic, Stream stream, uint64_t amount) {
  const Words words = words_of(toxic);
  const std::string body = R"({"name":")" + name_of(toxic, stream) + R"(","type":")" +
                           std::string(words.type) + R"(","stream":")" +
                           std::string(word_of(stream)) + R"(","attributes":{")" +
                           std::string(words.attribute) + "\":" + std::to_string(amount) + "}}";
  TRY(tell(control_port_, "POST", std::string(proxy_path) + "/toxics", body));
  return {};
}

Status Toxiproxy::remove(Toxic toxic, Stream stream) {
  TRY(tell(control_port_, "DELETE", std::string(proxy_path) + "/toxics/" + name_of(toxic, stream),
           {}));
  return {};
}

Status Toxiproxy::remove_all() {
  TRY(tell(control_port_, "POST", "/reset", {}));
  return {};
}

Result<std::unique_ptr<Toxiproxy>> start_toxiproxy(const S3Server& behind) {
  const std::string path = TRY(find_server("toxiproxy"));
  for (int attempt = 1;; ++attempt) {
    Result<std::unique_ptr<Toxiproxy>> proxy = start_at(free_port(), path, behind);
    if (proxy.ok() || attempt == attempts_max) return proxy;
  }
}

}  // namespace sluice
