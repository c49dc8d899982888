// An engine that answers from a script, for tests of whatever speaks HTTP: no sockets, no waiting.
// Test code.
#pragma once

#include <cstring>
#include <deque>
#include <functional>
#include <map>
#include <set>
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
  // The same, but its body breaks off after so many bytes. For exchanges that stream.
  void then_cut(HttpResponse response, size_t bytes) {
    response.body.resize(bytes);
    cuts_.insert(asked_.size() + script_.size() + 1);
    script_.push_back(std::move(response));
  }
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
    const ExchangeId id = asked_.size();
    if (!script_.empty()) {
      Result<HttpResponse> next = std::move(script_.front());
      script_.pop_front();
      answer(id, std::move(exchange), std::move(next));
    } else if (answerer_) {
      answer(id, std::move(exchange), answerer_(request));
    } else {
      exchange->finished(Error{ErrorKind::transient, request.url + ": nothing listens there"});
    }
    return id;
  }
  void go_on(ExchangeId id) override {
    const auto found = streaming_.find(id);
    if (found != streaming_.end()) stream(found);
  }
  void cancel(ExchangeId) override {}

  const std::vector<Asked>& asked() const { return asked_; }

 private:
  // A streamed body on its way: what hasn't found room yet.
  struct Streaming {
    std::unique_ptr<Exchange> exchange;
    HttpResponse response;
    BodySink* sink;
    size_t sent = 0;
  };

  void answer(ExchangeId id, std::unique_ptr<Exchange> exchange, Result<HttpResponse> response) {
    if (response.ok()) {
      if (BodySink* sink = exchange->stream(*response)) {
        return stream(
            streaming_.emplace(id, Streaming{std::move(exchange), std::move(*response), sink})
                .first);
      }
    }
    exchange->finished(std::move(response));
  }
  void stream(std::map<ExchangeId, Streaming>::iterator at) {
    Streaming& one = at->second;
    const std::string_view body = one.response.body.view();
    while (one.sent < body.size()) {
      const std::span<char> room = one.sink->room();
      if (room.empty()) return;
      const std::string_view some = body.substr(one.sent, room.size());
      std::memcpy(room.data(), some.data(), some.size());
      one.sink->put(some.size());
      one.sent += some.size();
    }
    const bool is_cut = cuts_.contains(at->first);
    Streaming done = std::move(one);
    streaming_.erase(at);
    done.response.body = Buffer();
    if (is_cut) {
      done.exchange->finished(Error{ErrorKind::transient, "cut"});
    } else {
      done.exchange->finished(std::move(done.response));
    }
  }

  std::map<ExchangeId, Streaming> streaming_;
  std::set<ExchangeId> cuts_;
  Answerer answerer_;
  std::deque<Result<HttpResponse>> script_;
  std::vector<Asked> asked_;
};

}  // namespace sluice
