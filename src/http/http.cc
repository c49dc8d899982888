#include "http/http.h"

#include <condition_variable>
#include <mutex>
#include <optional>

#include "base/text.h"

namespace sluice {

namespace {

// Where a blocking caller waits.
struct Awaited {
  std::mutex mutex;
  std::condition_variable arrived;
  std::optional<Result<HttpResponse>> response;
};

class BlockingExchange : public Exchange {
 public:
  BlockingExchange(HttpRequest request, Awaited& awaited)
      : request_(std::move(request)), awaited_(awaited) {}
  const HttpRequest& request() const override { return request_; }
  void finished(Result<HttpResponse> response) override {
    const std::lock_guard lock(awaited_.mutex);
    awaited_.response.emplace(std::move(response));
    awaited_.arrived.notify_one();  // Under the lock: the waiter destroys it all once it has this.
  }

 private:
  HttpRequest request_;
  Awaited& awaited_;
};

}  // namespace

std::string_view header(const Headers& headers, std::string_view name) {
  for (const Header& one : headers) {
    if (equal_without_case(one.name, name)) return one.value;
  }
  return {};
}

bool has_header(const Headers& headers, std::string_view name) {
  for (const Header& one : headers) {
    if (equal_without_case(one.name, name)) return true;
  }
  return false;
}

Result<HttpResponse> call(Engine& engine, HttpRequest request) {
  Awaited awaited;
  engine.start(std::make_unique<BlockingExchange>(std::move(request), awaited));
  std::unique_lock lock(awaited.mutex);
  awaited.arrived.wait(lock, [&] { return awaited.response.has_value(); });
  return std::move(*awaited.response);
}

}  // namespace sluice
