// The engine without sockets: exchanges are answered by the simulated API, later.
#include "http/engine.h"

#include <cstring>
#include <map>

#include "simulator/api.h"

namespace sluice {
namespace {

using simulator::Api;
using simulator::Simulation;

class SimulatedEngine : public HttpEngine {
 public:
  ~SimulatedEngine() override {
    while (!open_.empty()) finish(open_.begin()->first, cancelled());
  }

  ExchangeId start(std::unique_ptr<Exchange> exchange, Instant when) override {
    const ExchangeId id = ++last_;
    open_.emplace(id, Open{std::move(exchange)});
    later(when - now(), id, [this, id] { ask(id); });
    return id;
  }
  void cancel(ExchangeId id) override {
    later(0, id, [this, id] { finish(id, cancelled()); });
  }
  void go_on(ExchangeId id) override {
    later(0, id, [this, id] {
      if (open_.at(id).sink != nullptr) stream(id);
    });
  }
  EngineCounts counts() const override { return {}; }

 private:
  struct Open {
    std::unique_ptr<Exchange> exchange;
    HttpResponse response = {};
    BodySink* sink = nullptr;
    size_t sent = 0, cut_at = SIZE_MAX;
  };

  static Error cancelled() { return {ErrorKind::cancelled, "not wanted any more"}; }

  // If both it and this engine are still there.
  template <class F>
  void later(Nanoseconds delay, ExchangeId id, F what) {
    Simulation& simulation = Simulation::current();
    simulation.after(std::max<Nanoseconds>(delay, 0), simulation.process(),
                     [this, id, alive = std::weak_ptr<int>(alive_), what = std::move(what)] {
                       if (!alive.expired() && open_.contains(id)) what();
                     });
  }

  void ask(ExchangeId id) {
    Exchange& exchange = *open_.at(id).exchange;
    if (!exchange.prepare()) return finish(id, cancelled());
    if (Simulation::current().process()->killed())
      return finish(id, Error{ErrorKind::invalid, "it was killed"});
    Simulation::current().say(Simulation::current().process()->name() + ": " +
                              exchange.request().url);
    Simulation::current().note(id);
    Api::Reply reply = Api::current().ask(exchange.request().url);
    later(reply.after, id, [this, id, reply = std::make_shared<Api::Reply>(std::move(reply))] {
      answer(id, *reply);
    });
  }

  void answer(ExchangeId id, Api::Reply& reply) {
    if (!reply.response.ok()) return finish(id, reply.response.error());
    Open& open = open_.at(id);
    reply.response->first_byte = now();
    open.cut_at = reply.cut_at;
    open.sink = open.exchange->stream(*reply.response);
    if (open.sink == nullptr) {
      if (reply.cut_at < SIZE_MAX) return finish(id, Error{ErrorKind::transient, "cut"});
      return finish(id, std::move(*reply.response));
    }
    open.response = std::move(*reply.response);
    stream(id);
  }

  void stream(ExchangeId id) {
    Open& open = open_.at(id);
    const std::string_view body = open.response.body.view();
    const size_t end = std::min(body.size(), open.cut_at);
    while (open.sent < end) {
      const std::span<char> room = open.sink->room();
      if (room.empty()) return;
      const std::string_view some = body.substr(open.sent, std::min(room.size(), end - open.sent));
      std::memcpy(room.data(), some.data(), some.size());
      open.sink->put(some.size());
      open.sent += some.size();
    }
    if (open.cut_at < SIZE_MAX) return finish(id, Error{ErrorKind::transient, "cut"});
    HttpResponse done = std::move(open.response);
    done.body = Buffer();
    finish(id, std::move(done));
  }

  void finish(ExchangeId id, Result<HttpResponse> response) {
    auto taken = open_.extract(id);  // It may start another.
    taken.mapped().exchange->finished(std::move(response));
  }

  std::map<ExchangeId, Open> open_;
  ExchangeId last_ = 0;
  const std::shared_ptr<int> alive_ = std::make_shared<int>(0);
};

}  // namespace

uint32_t connections_by_files() {
  return 1024;
}

Result<std::unique_ptr<HttpEngine>> make_engine(const EngineOptions&) {
  return std::unique_ptr<HttpEngine>(std::make_unique<SimulatedEngine>());
}

}  // namespace sluice
