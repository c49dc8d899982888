#include "http/connection.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "base/text.h"

namespace sluice {

namespace {

// What one connection may move before it is others' turn.
constexpr size_t turn_bytes_max = 1 << 20;

int open_socket(const Address& address) {
  const int fd =
      ::socket(address.storage.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, IPPROTO_TCP);
  if (fd < 0) return fd;
  const int on = 1;
  ::setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  return fd;
}

// A line break in a header would let its value end the request and begin another.
bool is_clean(std::string_view text) {
  return !has_byte_of(text, std::string_view("\r\n\0", 3));
}

}  // namespace

Connection::Connection(Origin& origin, const Address& address, TlsContext* tls, Instant at)
    : origin_(origin),
      address_(address),
      tls_(tls),
      stream_(open_socket(address)),
      began_at_(at),
      moved_at_(at) {
  const bool has_begun =
      stream_.fd() >= 0 &&
      ::connect(stream_.fd(), reinterpret_cast<const sockaddr*>(&address.storage), address.bytes) ==
          0;
  if (!has_begun && errno != EINPROGRESS && errno != EINTR) begin_error_ = errno;
}

Status Connection::carry(Pending pending, Instant at) {
  pending_ = std::move(pending);
  const HttpRequest& request = pending_.exchange->request();
  TRY(write_head(request));
  reader_.begin(request.method, request.body_most, pending_.exchange.get());
  is_paused_ = false;
  paused_for_ = 0;
  window_bytes_ = 0;
  began_at_ = moved_at_ = window_began_ = at;
  first_byte_at_ = {};
  sent_ = 0;
  send_failed_ = false;
  state_ = State::sending;
  return {};
}

Status Connection::write_head(const HttpRequest& request) {
  const bool through_plain_proxy = origin_.proxy != nullptr && !origin_.tunnels();
  const std::string_view url = std::string_view(request.url).substr(0, request.url.find('#'));
  const size_t path = end_of_origin(url);
  head_.clear();
  head_.append(request.method).append(" ");
  if (through_plain_proxy) head_.append(url.substr(0, path));
  if (path == url.size() || url[path] != '/') head_.append("/");
  head_.append(url.substr(path)).append(" HTTP/1.1\r\n");
  bool has_host = false;
  for (const Header& one : request.headers) {
    if (!is_clean(one.name) || !is_clean(one.value))
      return Error{ErrorKind::invalid, "header " + one.name + ": a line break in a header"};
    has_host |= one.name == "Host" || one.name == "host";
    head_.append(one.name).append(": ").append(one.value).append("\r\n");
  }
  if (!has_host) head_.append("Host: ").append(origin_.url.authority()).append("\r\n");
  if (through_plain_proxy && !origin_.proxy_credentials.empty())
    head_.append("Proxy-Authorization: ").append(origin_.proxy_credentials).append("\r\n");
  if (!request.body.empty() || request.method == "PUT" || request.method == "POST")
    head_.append("Content-Length: ").append(std::to_string(request.body.size())).append("\r\n");
  head_.append("\r\n");
  return {};
}

Connection::Step Connection::fail(Error error) {
  outcome_ = std::move(error);
  return Step::failed;
}

Status Connection::finish_connecting() {
  int error = begin_error_;
  socklen_t bytes = sizeof error;
  if (error == 0) {
    ::getsockopt(stream_.fd(), SOL_SOCKET, SO_ERROR, &error, &bytes);
  }
  if (error == 0) return {};
  return Error{ErrorKind::transient, "connect to " + origin_.text() + " (" + address_.text() +
                                         "): " + std::strerror(error)};
}

Connection::Step Connection::advance(std::span<char> scratch, Instant at) {
  if (state_ == State::connecting) {
    sockaddr_storage peer;
    socklen_t bytes = sizeof peer;
    if (auto connected = finish_connecting(); !connected.ok()) return fail(connected.error());
    if (::getpeername(stream_.fd(), reinterpret_cast<sockaddr*>(&peer), &bytes) != 0)
      return Step::blocked;
    moved_at_ = at;
    if (origin_.tunnels()) {
      state_ = State::tunnelling;
      const std::string where = origin_.url.host_and_port();
      head_ = "CONNECT " + where + " HTTP/1.1\r\nHost: " + where + "\r\n";
      if (!origin_.proxy_credentials.empty())
        head_ += "Proxy-Authorization: " + origin_.proxy_credentials + "\r\n";
      head_ += "\r\n";
      const auto moved = stream_.write(head_, {});
      if (moved.how != Stream::Moved::How::some) return fail({ErrorKind::transient, moved.why});
      reader_.begin("HEAD", 0);
    } else if (origin_.url.is_tls) {
      stream_.start_tls(*tls_, origin_.url.host);
      state_ = State::handshaking;
    } else {
      state_ = State::idle;
      return Step::blocked;
    }
  }
  if (state_ == State::tunnelling) {
    if (const Step step = receive_tunnel(scratch, at); state_ == State::tunnelling) return step;
  }
  if (state_ == State::handshaking) {
    auto done = stream_.handshake();
    if (!done.ok()) return fail(std::move(done.error()));
    if (!*done) return Step::blocked;
    moved_at_ = at;
    state_ = State::idle;
    return Step::blocked;
  }
  if (state_ == State::sending) {
    // What went out in one piece can't have been answered yet: the socket will say when it is.
    const bool in_one_piece = sent_ == 0;
    const Step step = send(at);
    if (state_ == State::sending || (in_one_piece && !send_failed_)) return step;
  }
  if (state_ == State::receiving) return receive(scratch, at);
  return spoke(scratch) ? Step::closed : Step::blocked;
}

// Whatever comes while nothing is asked is the end: bytes behind an answer would be taken for the
// beginning of the next.
std::optional<Error> Connection::spoke(std::span<char> scratch) {
  if (!stream_.may_have_come()) return std::nullopt;
  const auto moved = stream_.read(scratch);
  // Over TLS what has come may be a session's ticket, which is no answer; or the reason why the
  // peer ends it, which wanted a certificate.
  if (moved.how == Stream::Moved::How::blocked) return std::nullopt;
  if (moved.is_refused) return failure(moved);
  return Error{
      ErrorKind::transient,
      origin_.text() + ": the peer spoke before it was asked, or hung up; does it speak HTTP?"};
}

Error Connection::failure(const Stream::Moved& moved) const {
  return {moved.is_refused ? ErrorKind::denied : ErrorKind::transient,
          origin_.text() + ": " + moved.why};
}

Connection::Step Connection::send(Instant at) {
  const std::string_view body = pending_.exchange->request().body;
  const size_t whole = head_.size() + body.size();
  size_t turn = 0;
  while (sent_ < whole) {
    if (turn > turn_bytes_max) return Step::yielded;
    const std::string_view head = std::string_view(head_).substr(std::min(sent_, head_.size()));
    const std::string_view rest = body.substr(sent_ - std::min(sent_, head_.size()));
    const auto moved = stream_.write(head, rest);
    if (moved.how == Stream::Moved::How::blocked) return Step::blocked;
    if (moved.how != Stream::Moved::How::some) {
      // The peer may have answered (and closed) before it had read it all: what it said counts.
      send_failed_ = true;
      state_ = State::receiving;
      return Step::blocked;
    }
    sent_ += moved.bytes;
    turn += moved.bytes;
    this->moved(moved.bytes, at);
  }
  state_ = State::receiving;
  return Step::blocked;
}

void Connection::moved(size_t bytes, Instant at) {
  moved_at_ = at;
  window_bytes_ += bytes;
}

void Connection::go_on(Instant at) {
  if (is_paused_) paused_for_ += at - paused_at_;
  is_paused_ = false;
  moved_at_ = window_began_ = at;
  window_bytes_ = 0;
}

Connection::Step Connection::receive(std::span<char> scratch, Instant at) {
  size_t turn = 0;
  while (true) {
    if (turn > turn_bytes_max) return Step::yielded;
    const std::span<char> direct = reader_.room();
    const size_t most = reader_.take_bytes_max();
    if (most == 0) {
      if (!is_paused_) paused_at_ = at;
      is_paused_ = true;
      return Step::blocked;
    }
    is_paused_ = false;
    const std::span<char> room =
        direct.empty() ? scratch.first(std::min(scratch.size(), most)) : direct;
    const auto moved = stream_.read(room);
    if (moved.how == Stream::Moved::How::blocked) return Step::blocked;
    if (moved.how == Stream::Moved::How::failed) return broke(failure(moved));
    if (moved.how == Stream::Moved::How::closed) {
      const auto how = !stream_.is_tls()    ? ResponseReader::End::plain
                       : moved.is_announced ? ResponseReader::End::said_so
                                            : ResponseReader::End::cut;
      if (auto ended = reader_.end(how); !ended.ok())
        return broke(std::move(ended).error().in(origin_.text()));
      return answer();
    }
    this->moved(moved.bytes, at);
    turn += moved.bytes;
    bool has_more = false;
    if (!direct.empty()) {
      reader_.put(moved.bytes);
    } else {
      const auto taken = reader_.take({scratch.data(), moved.bytes});
      if (!taken.ok()) return fail(Error(taken.error()).in(origin_.text()));
      if (reader_.has_head() && first_byte_at_ == Instant{}) first_byte_at_ = at;
      has_more = *taken < moved.bytes;
    }
    if (reader_.done()) {
      is_reusable_ = !has_more;  // What is behind the answer's end belongs to nobody.
      return answer();
    }
    // A plain socket that gave less than there was room for has no more, except for its end.
    if (!stream_.is_tls() && !peer_ended_ && moved.bytes < room.size()) return Step::blocked;
  }
}

Connection::Step Connection::receive_tunnel(std::span<char> scratch, Instant at) {
  const auto moved = stream_.read(scratch);
  if (moved.how == Stream::Moved::How::blocked) return Step::blocked;
  if (moved.how != Stream::Moved::How::some)
    return fail({ErrorKind::transient, origin_.text() + ": the proxy closed the connection"});
  const auto taken = reader_.take({scratch.data(), moved.bytes});
  if (!taken.ok()) return fail(Error(taken.error()).in(origin_.text()));
  if (!reader_.done()) return Step::blocked;
  moved_at_ = at;
  const int status = reader_.response().status;
  if (status / 100 != 2) {
    const bool may_pass = status >= 500;
    return fail({may_pass ? ErrorKind::transient : ErrorKind::denied,
                 "the proxy " + origin_.proxy->host + " refused the way to " + origin_.url.host +
                     " with status " + std::to_string(status) +
                     (status == 407 ? ": it wants a user and a password in its URL" : "")});
  }
  // The server behind it speaks when it is spoken to: what is there already is none of its words.
  if (*taken < moved.bytes)
    return fail({ErrorKind::transient, "the proxy " + origin_.proxy->host +
                                           " said more than that the way is free to " +
                                           origin_.url.host});
  stream_.start_tls(*tls_, origin_.url.host);
  state_ = State::handshaking;
  return Step::blocked;
}

Connection::Step Connection::broke(Error error) {
  return answer_with_refusal() ? Step::answered : fail(std::move(error));
}

bool Connection::answer_with_refusal() {
  if (state_ != State::receiving || !reader_.is_refusal()) return false;
  reader_.end_here();
  reader_.response().broke_off = true;
  answer();
  return true;
}

Connection::Step Connection::answer() {
  const bool sent_all = sent_ == head_.size() + pending_.exchange->request().body.size();
  is_reusable_ = is_reusable_ && sent_all && reader_.keeps_connection();
  HttpResponse response = std::move(reader_.response());
  response.first_byte = first_byte_at_;
  response.reused_connection = served_ > 0;
  ++served_;
  outcome_ = std::move(response);
  return Step::answered;
}

void Connection::rest(Instant at) {
  state_ = State::idle;
  is_reusable_ = false;
  moved_at_ = at;
}

Status Connection::check_time(Instant at, Nanoseconds connect_within) {
  if (state_ < State::sending) {
    if (at - began_at_ <= connect_within) return {};
    return Error{ErrorKind::transient, "connect to " + origin_.text() + " (" + address_.text() +
                                           "): no answer within " +
                                           std::to_string(connect_within / 1_ms) + " ms"};
  }
  if (!carries()) return {};
  const HttpRequest& request = pending_.exchange->request();
  const auto late = [&](const char* what, Nanoseconds within) {
    return Error{ErrorKind::transient,
                 origin_.text() + ": " + what + " within " + std::to_string(within / 1_ms) + " ms"};
  };
  if (at > request.deadline)
    return Error{ErrorKind::transient, origin_.text() + ": no answer by the deadline"};
  if (first_byte_at_ == Instant{} && at > request.first_byte_by)
    return Error{ErrorKind::transient, origin_.text() + ": no answer in the time that was left"};
  if (is_paused_) return {};  // It is we who don't read.
  if (at - moved_at_ > request.stalled_after) return late("no byte moved", request.stalled_after);
  const bool sent_all = state_ == State::receiving;
  if (sent_all && first_byte_at_ == Instant{} && at - moved_at_ > request.first_byte_within)
    return late("no answer", request.first_byte_within);
  return check_rate(request, at);
}

Status Connection::check_rate(const HttpRequest& request, Instant at) {
  const Nanoseconds window = at - window_began_;
  if (window < request.stalled_after) return {};
  const double rate = static_cast<double>(window_bytes_) * 1e9 / static_cast<double>(window);
  window_began_ = at;
  window_bytes_ = 0;
  const Nanoseconds taken = at - began_at_ - paused_for_;
  if (taken < request.slow_most) return {};
  const double times = static_cast<double>(taken) / static_cast<double>(request.slow_most);
  if (rate >= times * static_cast<double>(HttpRequest::slow_bytes_min)) return {};
  return Error{ErrorKind::transient,
               origin_.text() + ": too slow: " + std::to_string(static_cast<uint64_t>(rate)) +
                   " bytes a second, and no end after " + std::to_string(taken / 1_ms) + " ms"};
}

}  // namespace sluice
