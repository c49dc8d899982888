// An engine that answers from a script, for tests of whatever speaks HTTP: no sockets, no waiting.
// Test code.
#pragma once

#include <deque>
#include <functional>
#include <mutex>
#include <string>
#include <vector>

#include "http/http.h"

namespace sluice {

// Answers on the caller's thread, in start. What was asked is kept.
class ScriptedEngine : public Engine {
 public:
  using Answerer = std::function<Result<HttpResponse>(const HttpRequest&)>;
  struct Asked {
    HttpRequest request;  // Its view of the body is empty: see `body`
    std::string body;
    Instant when;
  };

  ScriptedEngine() = default;
  explicit ScriptedEngine(Answerer answerer) : answerer_(std::move(answerer)) {}

  // The next one not scripted yet is answered with this.
  void then(Result<HttpResponse> response) { script_.push_back(std::move(response)); }
  static HttpResponse response(int status, std::string_view body = {}, Headers headers = {}) {
    HttpResponse made;
    made.status = status;
    made.headers = std::move(headers);
    made.body = Buffer::of(body);
    return made;
  }

  ExchangeId start(std::unique_ptr<Exchange> exchange, Instant when = {}) override {
    if (!exchange->prepare()) {
      exchange->finished(Error{ErrorKind::cancelled, "not wanted any more"});
      return 0;
    }
    const HttpRequest& request = exchange->request();
    asked_.push_back({request, std::string(request.body), when});
    asked_.back().request.body = {};
    if (!script_.empty()) {
      Result<HttpResponse> next = std::move(script_.front());
      script_.pop_front();
      exchange->finished(std::move(next));
    } else if (answerer_) {
      exchange->finished(answerer_(request));
    } else {
      exchange->finished(Error{ErrorKind::transient, request.url + ": nothing listens there"});
    }
    return asked_.size();
  }
  void cancel(ExchangeId) override {}

  const std::vector<Asked>& asked() const { return asked_; }

 private:
  Answerer answerer_;
  std::deque<Result<HttpResponse>> script_;
  std::vector<Asked> asked_;
};

}  // namespace sluice
