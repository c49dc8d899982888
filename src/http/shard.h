// One thread of the engine: an epoll loop that owns its connections alone. Others hand it exchanges
// through one locked list.
#pragma once

#include <atomic>
#include <deque>
#include <functional>
#include <list>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <unordered_map>
#include <vector>

#include "http/connection.h"
#include "http/engine.h"
#include "http/resolver.h"
#include "http/timers.h"

namespace sluice {

class Shard {
 public:
  // All outlive it. Its thread starts at once. `own_tls`: of options.own_tls.
  Shard(const EngineOptions& options, uint32_t connections_max, Resolver& resolver, TlsContext& tls,
        TlsContext* own_tls);
  ~Shard();

  void start(Pending pending, Instant when);  // From any thread
  void cancel(ExchangeId id);                 // From any thread
  void go_on(ExchangeId id);                  // From any thread
  void add_counts(EngineCounts& counts) const;
  // Exchanges that haven't finished.
  size_t open() const { return open_.load(std::memory_order_relaxed); }

 private:
  struct Posted {
    std::vector<Timers::Timed> starts;
    std::vector<ExchangeId> cancels;
    std::vector<ExchangeId> go_ons;
    std::vector<std::function<void()>> calls;
    bool empty() const {
      return starts.empty() && cancels.empty() && go_ons.empty() && calls.empty();
    }
  };
  struct ByText {
    using is_transparent = void;
    size_t operator()(std::string_view text) const { return std::hash<std::string_view>()(text); }
  };

  void run();
  void post(const std::function<void(Posted&)>& add);
  void take_posted();
  int milliseconds_to_wait() const;

  Result<std::unique_ptr<Origin>> make_origin(std::string_view name) const;
  Result<Origin*> origin_of(const HttpRequest& request);
  bool lies_inside(std::string_view url) const;
  void dispatch(Pending pending);
  void serve(Origin& origin);
  void serve_all();
  bool connect(Origin& origin);
  void out_of_files(Origin& origin);
  void overtake(Connection& connection);
  void resolve(Origin& origin);
  void resolved(Origin& origin, Result<std::vector<Address>> addresses);
  void fail_waiting(Origin& origin, const Error& error);

  void advance(Connection& connection);
  void answered(Connection& connection);
  void failed(Connection& connection, Error error, bool is_late = false);
  void close(Connection& connection);
  bool make_room();
  Connection* carrier_of(ExchangeId id);
  void cancel_here(ExchangeId id);
  void go_on_here(ExchangeId id);
  void sweep();
  void finish(Pending pending, Result<HttpResponse> response);

  const EngineOptions options_;
  Resolver& resolver_;
  TlsContext& tls_;
  TlsContext* const own_tls_;  // Null: all origins are spoken to alike
  const uint32_t connections_allowed_;
  int epoll_ = -1;
  int wakeup_ = -1;

  // The thread's own.
  uint32_t connections_max_;  // Fewer for a while, once there were no more files
  Instant out_of_files_at_ = {};
  std::unordered_map<std::string, std::unique_ptr<Origin>, ByText, std::equal_to<>> origins_;
  std::unordered_map<Connection*, std::unique_ptr<Connection>> connections_;
  std::vector<std::unique_ptr<Connection>> closed_;  // Till no event can name them any more
  std::vector<Connection*> yielded_;
  Timers timers_;
  size_t resolving_ = 0;  // Origins
  std::vector<char> scratch_;
  Instant now_;
  Instant swept_at_;

  std::atomic<uint64_t> opened_{0}, repeated_{0};
  std::atomic<size_t> open_{0};

  // Guarded by mutex_.
  std::mutex mutex_;
  Posted posted_;
  bool sleeps_ = false;
  bool ends_ = false;

  std::thread thread_;
};

}  // namespace sluice
