#include "source/byte_reader.h"

#include <poll.h>
#include <signal.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>

#include "base/signals.h"

namespace sluice {

struct ByteReader::Order : Event {
  enum class Kind : uint8_t { read, stop, quit };
  Order(Ticket ticket, Kind kind) : Event(ticket), kind(kind) {}
  Kind kind;
  Buffer room;
  Lease lease;
};

ByteReader::ByteReader(std::unique_ptr<ChildProcess> program, Inbox& home, Nanoseconds silence)
    : home_(home),
      wake_(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)),
      program_(std::move(program)),
      silence_(silence),
      thread_([this] { serve(); }) {}

ByteReader::ByteReader(int descriptor, Inbox& home)
    : home_(home),
      wake_(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)),
      descriptor_(descriptor),
      thread_([this] { serve(); }) {}

ByteReader::~ByteReader() {
  stopping_ = true;
  ::eventfd_write(wake_.number(), 1);
  orders_.post(std::make_unique<Order>(0, Order::Kind::quit));
}

void ByteReader::read(Ticket ticket, Buffer room, Lease lease) {
  auto order = std::make_unique<Order>(ticket, Order::Kind::read);
  order->room = std::move(room);
  order->lease = std::move(lease);
  orders_.post(std::move(order));
}

void ByteReader::stop(Ticket ticket) {
  stopping_ = true;
  ::eventfd_write(wake_.number(), 1);
  orders_.post(std::make_unique<Order>(ticket, Order::Kind::stop));
}

void ByteReader::serve() {
  leave_signals_to_others();
  for (;;) {
    auto event = orders_.wait();
    auto& order = static_cast<Order&>(*event);
    if (order.kind == Order::Kind::quit) return;
    auto got = std::make_unique<Got>(order.ticket);
    if (order.kind == Order::Kind::stop) {
      if (program_) {
        program_->signal(SIGTERM);
        program_->end(patience);
      }
      ended_ = true;
    } else {
      got->bytes = std::move(order.room);
      got->lease = std::move(order.lease);
      fill(*got);
    }
    got->checkpoints = checkpoints_.take_new();
    if (program_) {
      program_->read_errors();
      got->warnings = program_->error_lines().take_new();
    }
    home_.post(std::move(got));
  }
}

int ByteReader::input() {
  return program_ ? program_->output().number() : descriptor_;
}

// Till the room is full, no more comes for a while, or all has come.
void ByteReader::fill(Got& got) {
  while (!ended_ && !stopping_) {
    got.bytes.append(held_);
    held_.clear();
    read_on(got);
    if (stopping_ || got.error) break;
    const size_t held = checkpoints_.pass(got.bytes.data(), got.bytes.size(), ended_);
    held_ = got.bytes.view().substr(got.bytes.size() - held);
    got.bytes.resize(got.bytes.size() - held);
    if (ended_) return conclude(got);
    if (!got.bytes.empty()) return;
  }
  got.bytes.clear();
  got.end = ended_ && !stopping_ && !got.error;
}

void ByteReader::read_on(Got& got) {
  while (got.bytes.room() > 0) {
    const bool may_end = program_ && !program_is_over_;
    std::array<pollfd, 4> wanted = {
        pollfd{input(), POLLIN, 0}, pollfd{wake_.number(), POLLIN, 0},
        pollfd{program_ ? program_->errors().number() : -1, POLLIN, 0},
        pollfd{may_end ? program_->end_sign().number() : -1, POLLIN, 0}};
    const Nanoseconds within = !got.bytes.empty() ? lull : program_is_over_ ? silence_ : -1'000'000;
    const int ready = ::poll(wanted.data(), wanted.size(), static_cast<int>(within / 1'000'000));
    if (stopping_) return;
    if (ready == 0 && got.bytes.empty()) return give_up_on_output(got);
    if (ready == 0) return;
    if (ready < 0) continue;
    if (wanted[2].revents != 0) program_->read_errors();
    if (wanted[3].revents != 0) program_is_over_ = true;
    if (wanted[0].revents == 0) continue;
    const ssize_t bytes = ::read(input(), got.bytes.data() + got.bytes.size(), got.bytes.room());
    if (bytes < 0 && (errno == EINTR || errno == EAGAIN)) continue;
    if (bytes < 0) got.error = Error{ErrorKind::transient, std::strerror(errno)};
    if (bytes <= 0) {
      ended_ = true;
      return;
    }
    got.bytes.resize(got.bytes.size() + static_cast<size_t>(bytes));
  }
}

// The program has ended and not closed its output: somebody whom it started holds it, and whether
// that one would have printed more nobody can tell.
void ByteReader::give_up_on_output(Got& got) {
  got.error =
      Error{ErrorKind::invalid, program_->name() +
                                    ": has ended, but something that it started still holds its "
                                    "output and prints nothing: let the program wait for it"};
  ended_ = true;
}

// All has come: how did the program end?
void ByteReader::conclude(Got& got) {
  if (program_) {
    program_->end(patience);
    if (!program_->succeeded()) {
      constexpr size_t lines_shown_max = 5;
      std::string text = program_->name() + ": " + program_->how_it_ended();
      const auto& lines = program_->error_lines().lines();
      const size_t first = lines.size() - std::min(lines.size(), lines_shown_max);
      for (size_t i = first; i < lines.size(); ++i) text += (i == first ? ": " : " | ") + lines[i];
      got.error = Error{ErrorKind::invalid, std::move(text)};
      got.bytes.clear();
      return;
    }
  }
  got.end = true;
}

}  // namespace sluice
