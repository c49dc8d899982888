#include "transform/line_exchange.h"

#include <poll.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>

#include "base/time.h"

namespace sluice {
namespace {

constexpr size_t block_bytes = 64 << 10;
constexpr size_t kept_bytes_max = 256 << 10;
// How long it may take till it is seen that waiting is to end.
constexpr Nanoseconds look_every = 100'000'000;

}  // namespace

Result<std::unique_ptr<LineExchange>> LineExchange::start(const std::vector<std::string>& words,
                                                          Nanoseconds patience) {
  auto child =
      TRY(ChildProcess::start({.words = words, .environment = {{"PYTHONUNBUFFERED", "1"}}}));
  return std::unique_ptr<LineExchange>(new LineExchange(std::move(child), patience));
}

LineExchange::~LineExchange() {
  if (failed_ || is_over_) return;
  say_end();
  child_->end(farewell);
}

Status LineExchange::exchange(std::span<const std::string_view> texts, const Terms& terms,
                              const OnLine& on_line) {
  terms_ = terms;
  Status status = exchange_all(texts, on_line);
  failed_ = !status.ok();
  // Of a large record nothing stays.
  if (sending_.capacity() > kept_bytes_max) std::string().swap(sending_);
  if (received_.capacity() > kept_bytes_max) std::string().swap(received_);
  return status;
}

Status LineExchange::exchange_all(std::span<const std::string_view> texts, const OnLine& on_line) {
  size_t next = 0;
  answered_ = 0;
  sending_.clear();
  sent_ = 0;
  received_.clear();
  deadline_ = now() + patience_;
  if (!TRY(receive())) return gone();
  if (!received_.empty()) return too_many();
  while (answered_ < texts.size()) {
    if (sent_ == sending_.size()) {
      sending_.clear();
      sent_ = 0;
      for (; next < texts.size() && sending_.size() < block_bytes; ++next) {
        sending_ += texts[next];
        sending_ += '\n';
      }
    }
    TRY(wait(sent_ < sending_.size()));
    TRY(send());
    const bool more = TRY(receive());
    take_lines(texts.size(), on_line);
    if (!more && answered_ < texts.size()) return gone();
  }
  if (!received_.empty()) return too_many();
  return {};
}

// Of what has come, whole lines; what is left is the beginning of the next, and no longer than one
// may be.
void LineExchange::take_lines(size_t wanted, const OnLine& on_line) {
  size_t begin = 0;
  for (size_t end; (end = received_.find('\n', begin)) != std::string::npos; begin = end + 1) {
    if (answered_ == wanted) break;
    const std::string_view line = std::string_view(received_).substr(begin, end - begin);
    const bool too_long = skipping_ || line.size() > terms_.line_bytes_max;
    skipping_ = false;
    on_line(answered_++, too_long ? std::nullopt : std::optional(line));
  }
  received_.erase(0, begin);
  if (answered_ < wanted && (skipping_ || received_.size() > terms_.line_bytes_max)) {
    skipping_ = true;
    received_.clear();
  }
}

Status LineExchange::wait_for_end(Instant deadline) {
  is_over_ = true;
  for (bool has_ended = false; !has_ended && now() < deadline;) {
    std::array<pollfd, 3> wanted = {pollfd{child_->output().number(), POLLIN, 0},
                                    pollfd{child_->errors().number(), POLLIN, 0},
                                    pollfd{child_->end_sign().number(), POLLIN, 0}};
    const auto ms = std::clamp<Nanoseconds>(deadline - now(), 0, look_every) / 1'000'000 + 1;
    ::poll(wanted.data(), wanted.size(), static_cast<int>(ms));
    child_->read_errors();
    has_ended = child_->ended();
    if (child_->output().open() && !TRY(receive())) child_->output().close();
    if (!received_.empty()) return too_many();
  }
  child_->end(std::max<Nanoseconds>(deadline - now(), 0));
  const bool was_killed = child_->ended_by_signal() == SIGKILL && deadline <= now();
  if (child_->succeeded() || was_killed) return {};
  return Error{ErrorKind::invalid,
               child_->account(child_->how_it_ended() + " after all was answered")};
}

std::vector<std::string> LineExchange::take_errors() {
  child_->read_errors();
  return child_->error_lines().take_new();
}

Error LineExchange::too_many() const {
  return {ErrorKind::invalid, child_->account("answers with more lines than it got; one line a "
                                              "record, and an empty one drops it")};
}

// Its output has ended, and it owes answers.
Error LineExchange::gone() {
  constexpr Nanoseconds moment = 1'000'000'000;
  child_->end(moment);
  has_ended_ = true;
  return {ErrorKind::invalid, child_->account(child_->how_it_ended() + " before all was answered")};
}

// Till something can be sent, received or is said as an error.
Status LineExchange::wait(bool sending) {
  for (;;) {
    const Nanoseconds left = deadline_ - now();
    if (terms_.cancelled != nullptr && *terms_.cancelled) {
      return Error{ErrorKind::cancelled,
                   child_->account("ended, since the run is to stop, while it owed an answer")};
    }
    if (left <= 0) {
      child_->read_errors();
      return Error{
          ErrorKind::invalid,
          child_->account("has done nothing for " + print_duration(patience_) +
                          (terms_.advice.empty() ? "" : " (") + std::string(terms_.advice) +
                          (terms_.advice.empty() ? "; killed" : "); killed"))};
    }
    std::array<pollfd, 3> wanted = {pollfd{child_->output().number(), POLLIN, 0},
                                    pollfd{child_->errors().number(), POLLIN, 0},
                                    pollfd{sending ? child_->input().number() : -1, POLLOUT, 0}};
    const auto ms = std::min(left, look_every) / 1'000'000 + 1;
    if (::poll(wanted.data(), wanted.size(), static_cast<int>(ms)) <= 0) continue;
    if (wanted[1].revents != 0) child_->read_errors();
    if (wanted[0].revents != 0 || wanted[2].revents != 0) return {};
  }
}

Status LineExchange::send() {
  while (sent_ < sending_.size()) {
    const ssize_t bytes =
        ::write(child_->input().number(), sending_.data() + sent_, sending_.size() - sent_);
    if (bytes < 0 && errno == EINTR) continue;
    if (bytes < 0 && errno == EAGAIN) return {};
    if (bytes < 0) return gone();  // It reads no more
    sent_ += static_cast<size_t>(bytes);
    deadline_ = now() + patience_;
  }
  return {};
}

// False at the end of what it will ever say. Not more at once than can be looked at.
Result<bool> LineExchange::receive() {
  std::array<char, block_bytes> block;
  for (int blocks = 0; blocks < 4; ++blocks) {
    const ssize_t bytes = ::read(child_->output().number(), block.data(), block.size());
    if (bytes < 0 && errno == EINTR) continue;
    if (bytes < 0 && errno == EAGAIN) return true;
    if (bytes <= 0) return false;
    received_.append(block.data(), static_cast<size_t>(bytes));
    deadline_ = now() + patience_;
    if (static_cast<size_t>(bytes) < block.size()) return true;
  }
  return true;
}

}  // namespace sluice
