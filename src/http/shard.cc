// The loop, and what becomes of a connection. How an exchange finds one is in shard_origins.cc.
#include "http/shard.h"

#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <algorithm>
#include <array>

#include "base/inbox.h"
#include "base/signals.h"

namespace sluice {

namespace {

// Times are looked after so often; a timeout is late by as much at most.
constexpr Nanoseconds sweep_every = 50_ms;
// After "too many open files", till more connections are tried for again.
constexpr Nanoseconds few_files_for = 5_s;
constexpr size_t scratch_bytes = 64 << 10;

}  // namespace

Shard::Shard(const EngineOptions& options, uint32_t connections_max, Resolver& resolver,
             TlsContext& tls, TlsContext* own_tls)
    : options_(options),
      resolver_(resolver),
      tls_(tls),
      own_tls_(own_tls),
      connections_allowed_(connections_max),
      epoll_(::epoll_create1(EPOLL_CLOEXEC)),
      wakeup_(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)),
      connections_max_(connections_max),
      scratch_(scratch_bytes),
      now_(now()),
      swept_at_(now_) {
  ENSURE(epoll_ >= 0 && wakeup_ >= 0);
  epoll_event event = {};
  event.events = EPOLLIN;
  ENSURE(::epoll_ctl(epoll_, EPOLL_CTL_ADD, wakeup_, &event) == 0);
  thread_ = std::thread([this] { run(); });
}

Shard::~Shard() {
  post([this](Posted&) { ends_ = true; });
  if (thread_.joinable()) thread_.join();
  ::close(epoll_);
  ::close(wakeup_);
}

// ---- from other threads ------------------------------------------------------------------------

void Shard::post(const std::function<void(Posted&)>& add) {
  bool must_wake = false;
  {
    const std::lock_guard lock(mutex_);
    add(posted_);
    must_wake = std::exchange(sleeps_, false);
  }
  const uint64_t one = 1;
  if (must_wake) ENSURE(::write(wakeup_, &one, sizeof one) == sizeof one);
}

void Shard::start(Pending pending, Instant when) {
  open_.fetch_add(1, std::memory_order_relaxed);
  post([&](Posted& posted) { posted.starts.push_back({when, std::move(pending)}); });
}

void Shard::cancel(ExchangeId id) {
  post([&](Posted& posted) { posted.cancels.push_back(id); });
}

void Shard::go_on(ExchangeId id) {
  post([&](Posted& posted) { posted.go_ons.push_back(id); });
}

void Shard::add_counts(EngineCounts& counts) const {
  counts.connections_opened += opened_.load(std::memory_order_relaxed);
  counts.requests_repeated += repeated_.load(std::memory_order_relaxed);
}

// ---- the loop ----------------------------------------------------------------------------------

void Shard::run() {
  leave_signals_to_others();
  std::array<epoll_event, 256> events;
  while (true) {
    bool may_sleep = false;
    {
      const std::lock_guard lock(mutex_);
      if (ends_) break;
      may_sleep = sleeps_ = posted_.empty();
    }
    const int wait = may_sleep ? milliseconds_to_wait() : 0;
    const int count = ::epoll_wait(epoll_, events.data(), events.size(), wait);
    now_ = now();
    const PostTogether together;  // One wake-up for all that this round answers
    {
      const std::lock_guard lock(mutex_);
      sleeps_ = false;
    }
    for (int i = 0; i < count; ++i) {
      auto* connection = static_cast<Connection*>(events[i].data.ptr);
      if (connection == nullptr) {
        uint64_t woken = 0;
        (void)!::read(wakeup_, &woken, sizeof woken);
      } else if (connections_.contains(connection)) {
        if ((events[i].events & (EPOLLRDHUP | EPOLLHUP | EPOLLERR)) != 0)
          connection->peer_has_ended();
        advance(*connection);
      }
    }
    for (Connection* connection : std::exchange(yielded_, {})) {
      if (connections_.contains(connection)) advance(*connection);
    }
    take_posted();
    while (auto due = timers_.take_due(now_)) dispatch(std::move(*due));
    if (now_ - swept_at_ >= sweep_every) sweep();
    closed_.clear();
  }
  // Nobody waits for ever: all that is open is answered.
  const PostTogether together;
  const Error ended{ErrorKind::cancelled, "the engine was stopped"};
  take_posted();
  while (auto pending = timers_.take_due({INT64_MAX})) finish(std::move(*pending), ended);
  for (auto& [connection, owned] : connections_) {
    if (connection->carries()) finish(connection->take_pending(), ended);
  }
  for (auto& [name, origin] : origins_) fail_waiting(*origin, ended);
}

void Shard::take_posted() {
  Posted posted;
  {
    const std::lock_guard lock(mutex_);
    std::swap(posted, posted_);
  }
  for (Timers::Timed& start : posted.starts) {
    if (start.when > now_) {
      timers_.push(std::move(start));
    } else {
      dispatch(std::move(start.pending));
    }
  }
  for (const ExchangeId id : posted.cancels) cancel_here(id);
  for (const ExchangeId id : posted.go_ons) go_on_here(id);
  for (const auto& one : posted.calls) one();
}

int Shard::milliseconds_to_wait() const {
  if (!yielded_.empty()) return 0;
  // Also who waits for a name has a time by which that must be over.
  int64_t wait = connections_.empty() && resolving_ == 0 ? INT64_MAX : sweep_every;
  if (const auto next = timers_.next()) wait = std::min(wait, *next - now_);
  if (wait == INT64_MAX) return -1;
  return wait <= 0 ? 0 : static_cast<int>(wait / 1_ms) + 1;
}

// ---- a connection goes on ----------------------------------------------------------------------

void Shard::advance(Connection& connection) {
  const bool was_under_way = connection.state() < Connection::State::sending;
  const Connection::Step step = connection.advance(scratch_, now_);
  Origin& origin = connection.origin();
  if (was_under_way && connection.state() == Connection::State::idle) {
    if (!connection.is_overtaken) --origin.connecting;
    origin.addresses.worked(connection.address());
    origin.failed_in_a_row = 0;
    connection.rest(now_);
    origin.idle.push_back(&connection);
    serve(origin);
    return;
  }
  switch (step) {
    case Connection::Step::blocked:
      return;
    case Connection::Step::yielded:
      yielded_.push_back(&connection);
      return;
    case Connection::Step::answered:
      return answered(connection);
    case Connection::Step::failed:
      return failed(connection, std::move(connection.outcome().error()));
    case Connection::Step::closed:
      return close(connection);
  }
}

void Shard::answered(Connection& connection) {
  Origin& origin = connection.origin();
  Pending pending = connection.take_pending();
  Result<HttpResponse> response = std::move(connection.outcome());
  if (connection.is_reusable()) {
    connection.rest(now_);
    origin.idle.push_back(&connection);
  } else {
    close(connection);
  }
  finish(std::move(pending), std::move(response));
  serve(origin);
}

void Shard::failed(Connection& connection, Error error, bool is_late) {
  Origin& origin = connection.origin();
  const bool was_connecting = connection.state() < Connection::State::sending;
  // A peer that is silent for so long has the request, and may be doing it.
  const bool died_idle = connection.died_idle() && !is_late;
  const Address address = connection.address();
  Pending pending = connection.take_pending();
  close(connection);
  if (pending.exchange != nullptr) {
    const bool may_repeat =
        died_idle && !pending.was_repeated && pending.exchange->request().may_be_sent_twice;
    if (may_repeat) {
      pending.was_repeated = true;
      repeated_.fetch_add(1, std::memory_order_relaxed);
      origin.waiting.push_front(std::move(pending));
      return serve(origin);
    }
    return finish(std::move(pending), std::move(error));
  }
  if (!was_connecting) return;
  // The next address is tried; when all have failed in a row, one of those waiting hears of it, and
  // the name may have moved.
  origin.addresses.failed(address, now_);
  ++origin.failed_in_a_row;
  const bool all_failed = origin.failed_in_a_row >= origin.addresses.size();
  const bool is_final = error.kind == ErrorKind::invalid || error.kind == ErrorKind::denied;
  if (all_failed) origin.resolved_at = {};
  if (!origin.waiting.empty() && (all_failed || is_final))
    finish(origin.take_first_waiting(), std::move(error));
  serve(origin);
}

void Shard::close(Connection& connection) {
  const auto owned = connections_.find(&connection);
  if (owned == connections_.end()) return;
  Origin& origin = connection.origin();
  if (connection.state() < Connection::State::sending && !connection.is_overtaken)
    --origin.connecting;
  origin.addresses.closed(connection.address());
  std::erase(origin.idle, &connection);
  if (connection.fd() >= 0) ::epoll_ctl(epoll_, EPOLL_CTL_DEL, connection.fd(), nullptr);
  closed_.push_back(std::move(owned->second));
  connections_.erase(owned);
}

Connection* Shard::carrier_of(ExchangeId id) {
  for (auto& [connection, owned] : connections_) {
    if (connection->carries() && connection->pending().id == id) return connection;
  }
  return nullptr;
}

void Shard::cancel_here(ExchangeId id) {
  const Error cancelled{ErrorKind::cancelled, "the request was given up"};
  if (Connection* carrier = carrier_of(id)) {
    Pending pending = carrier->take_pending();
    close(*carrier);
    finish(std::move(pending), cancelled);
    return serve_all();
  }
  for (auto& [name, origin] : origins_) {
    if (auto pending = origin->take_waiting(id)) return finish(std::move(*pending), cancelled);
  }
  if (auto pending = timers_.take(id)) finish(std::move(*pending), cancelled);
}

void Shard::go_on_here(ExchangeId id) {
  Connection* carrier = carrier_of(id);
  if (carrier == nullptr) return;
  carrier->go_on(now_);
  advance(*carrier);
}

// Whatever has taken too long ends; what was idle too long is closed.
void Shard::sweep() {
  swept_at_ = now_;
  if (now_ - out_of_files_at_ > few_files_for) connections_max_ = connections_allowed_;
  std::vector<std::pair<Connection*, Error>> late;
  std::vector<Connection*> stale;
  for (auto& [connection, owned] : connections_) {
    overtake(*connection);
    if (connection->state() == Connection::State::idle) {
      if (now_ - connection->idle_since() > options_.idle_most) stale.push_back(connection);
    } else if (auto in_time = connection->check_time(now_, options_.connect_within);
               !in_time.ok()) {
      late.emplace_back(connection, in_time.error());
    }
  }
  for (Connection* connection : stale) close(*connection);
  for (auto& [connection, error] : late) {
    if (!connections_.contains(connection)) continue;
    if (connection->answer_with_refusal()) {
      answered(*connection);
    } else {
      failed(*connection, std::move(error), true);
    }
  }
  for (auto& [name, origin] : origins_) {
    const auto is_late = [&] {
      const HttpRequest& first = origin->waiting.front().exchange->request();
      return std::min(first.deadline, first.first_byte_by) < now_;
    };
    while (!origin->waiting.empty() && is_late()) {
      finish(origin->take_first_waiting(),
             Error{ErrorKind::transient, origin->text() + ": its turn didn't come by the "
                                                          "deadline"});
    }
  }
  serve_all();
}

void Shard::finish(Pending pending, Result<HttpResponse> response) {
  open_.fetch_sub(1, std::memory_order_relaxed);
  pending.exchange->finished(std::move(response));
}

}  // namespace sluice
