#include "http_server/connection.h"

#include <sys/epoll.h>

#include <algorithm>
#include <cstring>

namespace sluice::http_server {
namespace {

constexpr size_t input_bytes_first = 8 << 10;
// A client that sends requests ahead is read no further than this.
constexpr size_t input_bytes_max = 256 << 10;
// https://docs.aws.amazon.com/AmazonS3/latest/userguide/qfacts.html: a part is at most 5 GiB.
constexpr uint64_t body_bytes_max = 5ULL << 30;
constexpr int pieces_max = 64;
// A slowed connection moves what it may move in this time at once.
constexpr uint64_t quanta_per_second = 50;

uint64_t quantum(uint64_t rate) {
  return std::max<uint64_t>(rate / quanta_per_second, 1);
}

}  // namespace

Connection::Connection(int socket, uint64_t serial, std::unique_ptr<Transport> transport,
                       Handler& handler, ConnectionLoop& loop, const HttpServerOptions& options)
    : socket_(socket),
      serial_(serial),
      transport_(std::move(transport)),
      handler_(handler),
      loop_(loop),
      options_(options),
      in_(input_bytes_first) {}

Connection::~Connection() {
  if (is_open_request_) handler_.request_closed(answer_, written_, false);
  if (is_used_) handler_.connection_closed();
}

bool Connection::on_events(uint32_t events) {
  if ((events & EPOLLERR) != 0) return false;
  if ((events & (EPOLLIN | EPOLLHUP)) != 0 && !read()) return false;
  if ((events & EPOLLOUT) != 0 && state_ == State::writing) return write();
  return true;
}

bool Connection::on_timer(uint64_t turn) {
  if (turn != turn_) return true;
  if (is_read_paused_) {
    is_read_paused_ = false;
    watch(true, watches_write_);
    return read();
  }
  if (state_ == State::waiting || state_ == State::writing) return write();
  return true;
}

bool Connection::read() {
  bool again = true;
  while (again) {
    if (!read_some(again)) return false;
    if (state_ == State::head || state_ == State::body) {
      if (!advance()) return false;
    }
    if (is_read_paused_) break;
  }
  return true;
}

bool Connection::read_some(bool& again) {
  const bool into_body = state_ == State::body;
  Buffer& to = into_body ? request_.body : in_;
  uint64_t wanted = into_body ? request_.content_length - to.size() : 0;
  if (!into_body) {
    if (to.room() < input_bytes_first / 2) to.grow(to.capacity() * 2);
    wanted = to.room();
    if (to.size() > input_bytes_max) {  // It will be asked again once the answer is out.
      watch(false, watches_write_);
      again = false;
      return true;
    }
  }
  if (into_body && options_.bytes_per_second > 0)
    wanted = std::min(wanted, quantum(options_.bytes_per_second));
  const ssize_t got = transport_->receive(to.data() + to.size(), wanted);
  if (got == Transport::would_block) {
    again = false;
    return true;
  }
  if (got <= 0) return false;
  to.resize(to.size() + static_cast<size_t>(got));
  again = static_cast<uint64_t>(got) == wanted || transport_->has_more();
  if (into_body && options_.bytes_per_second > 0 && to.size() < request_.content_length) {
    is_read_paused_ = true;
    watch(false, watches_write_);
    pause(static_cast<uint64_t>(got), options_.bytes_per_second);
  }
  return true;
}

// Goes as far as the bytes that are there allow.
bool Connection::advance() {
  if (state_ == State::head) {
    if (in_.empty()) return true;
    switch (parse_head(in_.view(), request_, head_bytes_)) {
      case Head::incomplete:
        return true;
      case Head::bad:
        refuse_and_close("HTTP/1.1 400 Bad Request");
        return false;
      case Head::whole:
        if (!begin_request()) return false;
    }
  }
  if (state_ == State::body && request_.body.size() == request_.content_length) {
    return answer_request();
  }
  return true;
}

bool Connection::begin_request() {
  if (request_.content_length > body_bytes_max) {
    refuse_and_close("HTTP/1.1 413 Request Entity Too Large");
    return false;
  }
  answer_.clear();
  answer_.is_control = request_.path.starts_with(options_.control_path);
  written_ = 0;
  if (!answer_.is_control) {
    if (!is_used_) handler_.connection_used();
    is_used_ = is_open_request_ = true;
    handler_.request_opened(head_bytes_, request_.content_length);
  }
  state_ = State::body;
  if (request_.content_length == 0) return true;
  request_.body = Buffer(request_.content_length);
  const std::string_view early = in_.view().substr(
      head_bytes_, std::min<uint64_t>(in_.size() - head_bytes_, request_.content_length));
  request_.body.append(early);
  if (early.size() < in_.size() - head_bytes_) {  // Behind it the next request has begun.
    std::memmove(in_.data() + head_bytes_, in_.data() + head_bytes_ + early.size(),
                 in_.size() - head_bytes_ - early.size());
  }
  in_.resize(in_.size() - early.size());
  if (request_.expects_continue && request_.body.size() < request_.content_length) {
    char text[] = "HTTP/1.1 100 Continue\r\n\r\n";
    const iovec piece{text, sizeof text - 1};
    if (transport_->send(&piece, 1) == Transport::failed) return false;
  }
  return true;
}

bool Connection::answer_request() {
  answer_.bytes_per_second = options_.bytes_per_second;
  handler_.handle(request_, answer_);
  if (!request_.keep_alive) answer_.close_after = true;
  switch (answer_.delivery) {
    case HttpAnswer::Delivery::reset:
      transport_->reset();
      return false;
    case HttpAnswer::Delivery::silence:
      state_ = State::silent;
      return true;
    case HttpAnswer::Delivery::answered:
      break;
  }
  if (answer_.delay > 0) {
    state_ = State::waiting;
    wait_until(now() + answer_.delay);
    return true;
  }
  return write();
}

bool Connection::write() {
  state_ = State::writing;
  const uint64_t body = answer_.head.size() - answer_.header_bytes + answer_.length;
  const uint64_t whole = answer_.header_bytes + std::min(body, answer_.cut_after);
  while (written_ < whole) {
    iovec pieces[pieces_max];
    int count = 0;
    const uint64_t rate = answer_.bytes_per_second;
    uint64_t left = rate > 0 ? std::min(quantum(rate), whole - written_) : whole - written_;
    const uint64_t wanted = left;
    if (written_ < answer_.head.size()) {
      const uint64_t bytes = std::min<uint64_t>(answer_.head.size() - written_, left);
      pieces[count++] = {answer_.head.data() + written_, bytes};
      left -= bytes;
    }
    if (left > 0) {
      const uint64_t done = std::max<uint64_t>(written_, answer_.head.size()) - answer_.head.size();
      count +=
          answer_.object->pieces(answer_.offset + done, left, pieces + count, pieces_max - count);
    }
    const ssize_t sent = transport_->send(pieces, count);
    if (sent == Transport::would_block) {
      watch(watches_read_, true);
      return true;
    }
    if (sent <= 0) return false;
    written_ += static_cast<uint64_t>(sent);
    if (rate > 0 && written_ < whole && static_cast<uint64_t>(sent) == wanted) {
      if (watches_write_) watch(watches_read_, false);
      pause(wanted, rate);
      return true;
    }
  }
  return finish_answer(body <= answer_.cut_after);
}

bool Connection::finish_answer(bool whole) {
  if (is_open_request_) {
    is_open_request_ = false;
    handler_.request_closed(answer_, written_, whole);
  }
  if (!whole && answer_.resets_when_cut) transport_->reset();
  if (!whole || answer_.close_after) return false;
  next_request();
  return in_.empty() ? true : advance();
}

void Connection::next_request() {
  if (in_.size() > head_bytes_) {
    std::memmove(in_.data(), in_.data() + head_bytes_, in_.size() - head_bytes_);
  }
  in_.resize(in_.size() - head_bytes_);
  head_bytes_ = 0;
  if (request_.body.capacity() > 0) request_.body = Buffer();
  answer_.object.reset();
  state_ = State::head;
  ++turn_;
  if (watches_write_ || !watches_read_) watch(true, false);
}

void Connection::watch(bool readable, bool writable) {
  if (readable == watches_read_ && writable == watches_write_) return;
  watches_read_ = readable;
  watches_write_ = writable;
  loop_.watch(socket_, (readable ? EPOLLIN : 0U) | (writable ? EPOLLOUT : 0U));
}

void Connection::wait_until(Instant when) {
  loop_.wake_at(when, socket_, serial_, ++turn_);
}

// Until `bytes` more fit the rate. Time lost between two runs of bytes isn't made up for.
void Connection::pause(uint64_t bytes, uint64_t rate) {
  paced_until_ =
      std::max(paced_until_, now()) +
      static_cast<Nanoseconds>(static_cast<double>(bytes) / static_cast<double>(rate) * 1e9);
  wait_until(paced_until_);
}

void Connection::refuse_and_close(std::string_view status_line) {
  std::string text(status_line);
  text += "\r\nServer: ";
  text += options_.name;
  text += "\r\nConnection: close\r\nContent-Length: 0\r\n\r\n";
  const iovec piece{text.data(), text.size()};
  transport_->send(&piece, 1);
}

}  // namespace sluice::http_server
