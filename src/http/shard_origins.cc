// How an exchange finds a connection: its origin, that one's addresses, and whether one more
// connection may be opened. The rest of a shard is in shard.cc.
#include <sys/epoll.h>

#include <algorithm>
#include <cerrno>
#include <functional>

#include "http/host_kind.h"
#include "http/shard.h"

namespace sluice {
namespace {

// Scheme, host and port, as they were written; nothing of what is no URL.
std::string_view name_of(std::string_view url) {
  const size_t scheme = url.find("://");
  if (scheme == std::string_view::npos) return {};
  return url.substr(0, url.find_first_of("/?#", scheme + 3));
}

bool is_public(const Address& address) {
  return host_kind(address) == HostKind::elsewhere;
}

// What leads to the machine or the network that it mustn't lead to.
Error not_public(const Origin& origin, const Address& address) {
  return {ErrorKind::denied, origin.text() + " is not asked: its address " + address.text() +
                                 " is a " + std::string(to_string(host_kind(address))) + " one"};
}

}  // namespace

Result<std::unique_ptr<Origin>> Shard::make_origin(std::string_view name) const {
  Url at = TRY(parse_url(name));
  if (!at.user_info.empty())
    return Error{ErrorKind::invalid, at.host_and_port() +
                                         ": a user and a password in a URL are not sent; name them "
                                         "in `auth: { basic: ... }`"};
  auto origin = std::make_unique<Origin>(std::move(at), options_.proxies);
  const bool is_own = own_tls_ != nullptr && same_origin(name, options_.own_tls->origin);
  origin->tls = is_own ? own_tls_ : &tls_;
  return origin;
}

// One that only public addresses may be asked of is an origin of its own, with connections of its
// own.
Result<Origin*> Shard::origin_of(const HttpRequest& request) {
  const std::string_view name = name_of(request.url);
  if (name.empty()) return TRY(parse_url(request.url)), nullptr;
  const bool is_public_only = !request.asked_by.empty() && !lies_inside(request.asked_by);
  const std::string own_name = is_public_only ? "public " + std::string(name) : std::string();
  const auto known = is_public_only ? origins_.find(own_name) : origins_.find(name);
  Origin* origin = known == origins_.end() ? nullptr : known->second.get();
  if (origin == nullptr) {
    auto made = TRY(make_origin(name));
    origin = made.get();
    origin->is_public_only = is_public_only && origin->proxy == nullptr;
    origins_.emplace(is_public_only ? own_name : std::string(name), std::move(made));
  }
  if (!origin->is_public_only) return origin;
  for (const Address& one : origin->addresses.all()) {
    if (!is_public(one)) return not_public(*origin, one);
  }
  return origin;
}

// Whether it was found to lie on this machine or in its network.
bool Shard::lies_inside(std::string_view url) const {
  const auto known = origins_.find(name_of(url));
  if (known == origins_.end()) return false;
  const auto addresses = known->second->addresses.all();
  return !std::all_of(addresses.begin(), addresses.end(), is_public);
}

void Shard::dispatch(Pending pending) {
  if (!pending.exchange->prepare())
    return finish(std::move(pending), Error{ErrorKind::cancelled, "not wanted any more"});
  const std::string& url = pending.exchange->request().url;
  if (has_forbidden_byte(url))
    return finish(std::move(pending),
                  Error{ErrorKind::invalid, "a blank or a control character in a URL"});
  auto origin = origin_of(pending.exchange->request());
  if (!origin.ok()) return finish(std::move(pending), std::move(origin.error()));
  (*origin)->waiting.push_back(std::move(pending));
  serve(**origin);
}

void Shard::serve(Origin& origin) {
  while (!origin.waiting.empty()) {
    const bool wants_fresh = origin.waiting.front().exchange->request().fresh_connection ||
                             origin.waiting.front().was_repeated;
    if (origin.idle.empty() || (wants_fresh && !origin.idle.back()->is_fresh())) {
      // As many connections are opened as there are waiting; who is served first is open.
      if (origin.connecting >= origin.waiting.size() || !connect(origin)) return;
      continue;
    }
    Connection* connection = origin.idle.back();
    if (auto spoke = connection->spoke(scratch_)) {
      const bool is_fresh = connection->is_fresh();
      close(*connection);
      // Another connection would be greeted likewise.
      if (is_fresh) finish(origin.take_first_waiting(), std::move(*spoke));
      continue;
    }
    origin.idle.pop_back();
    if (auto sent = connection->carry(origin.take_first_waiting(), now_); !sent.ok()) {
      failed(*connection, sent.error());
      continue;
    }
    advance(*connection);
  }
}

void Shard::serve_all() {
  for (auto& [name, origin] : origins_) {
    if (!origin->waiting.empty()) serve(*origin);
  }
}

// False if none can be opened now; what waits is served later.
bool Shard::connect(Origin& origin) {
  if (!origin.is_numeric && now_ - origin.resolved_at > options_.addresses_good_for)
    resolve(origin);
  if (connections_.size() >= connections_max_ && !make_room()) return false;
  const auto address = origin.addresses.pick(now_);
  if (!address) return false;
  if (origin.url.is_tls) {
    if (const Status opened = origin.tls->open(); !opened.ok())
      return fail_waiting(origin, opened.error()), false;
  }
  auto made = std::make_unique<Connection>(origin, *address, origin.tls, now_);
  const int error = made->begin_error();
  if (error == EMFILE || error == ENFILE) return out_of_files(origin), false;
  Connection* connection = made.get();
  connections_.emplace(connection, std::move(made));
  origin.addresses.opened(*address);
  ++origin.connecting;
  opened_.fetch_add(1, std::memory_order_relaxed);
  if (error != 0) {
    yielded_.push_back(connection);  // It fails at its turn, with the reason.
    return true;
  }
  epoll_event event = {};
  event.events = EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET;
  event.data.ptr = connection;
  ENSURE(::epoll_ctl(epoll_, EPOLL_CTL_ADD, connection->fd(), &event) == 0);
  return true;
}

// No more connections than there are now: what waits has its turn when one of them is free. Only
// where there is none that could be, waiting is in vain.
void Shard::out_of_files(Origin& origin) {
  if (!connections_.empty()) {
    connections_max_ = static_cast<uint32_t>(connections_.size());
    out_of_files_at_ = now_;
    return;
  }
  fail_waiting(origin, {ErrorKind::transient, "connect to " + origin.text() +
                                                  ": too many open files; raise the limit "
                                                  "(ulimit -n)"});
}

// One that hasn't come about for so long is tried besides at another address.
void Shard::overtake(Connection& connection) {
  Origin& origin = connection.origin();
  const bool is_late = connection.state() == Connection::State::connecting &&
                       !connection.is_overtaken &&
                       now_ - connection.began_at() >= Addresses::overtaken_after;
  if (!is_late || !origin.addresses.overtake(connection.address(), now_)) return;
  connection.is_overtaken = true;
  --origin.connecting;
}

// Closes the connection that has been idle longest, of whatever origin.
bool Shard::make_room() {
  Connection* oldest = nullptr;
  for (auto& [name, origin] : origins_) {
    if (origin->idle.empty()) continue;
    Connection* front = origin->idle.front();
    if (oldest == nullptr || front->idle_since() < oldest->idle_since()) oldest = front;
  }
  if (oldest != nullptr) close(*oldest);
  return oldest != nullptr;
}

void Shard::resolve(Origin& origin) {
  if (origin.is_resolving) return;
  origin.is_resolving = true;
  ++resolving_;
  resolver_.resolve(
      origin.connect_host(), origin.connect_port(),
      [this, &origin](Result<std::vector<Address>> addresses) {
        post([&](Posted& posted) {
          posted.calls.emplace_back([this, &origin, found = std::move(addresses)]() mutable {
            resolved(origin, std::move(found));
          });
        });
      });
}

void Shard::resolved(Origin& origin, Result<std::vector<Address>> addresses) {
  origin.is_resolving = false;
  --resolving_;
  if (!addresses.ok()) {
    // Old addresses are better than none.
    if (origin.addresses.empty()) fail_waiting(origin, addresses.error());
    return;
  }
  if (origin.is_public_only && !addresses->empty()) {
    const Address first = addresses->front();
    std::erase_if(*addresses, std::not_fn(is_public));
    if (addresses->empty()) return fail_waiting(origin, not_public(origin, first));
  }
  origin.resolved_at = now_;
  origin.addresses.learn(*addresses);
  serve(origin);
}

void Shard::fail_waiting(Origin& origin, const Error& error) {
  while (!origin.waiting.empty()) finish(origin.take_first_waiting(), error);
}

}  // namespace sluice
