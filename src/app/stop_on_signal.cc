#include "app/stop_on_signal.h"

#include <pthread.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <cstdio>
#include <utility>

#include "base/child_process.h"
#include "job/run.h"

namespace sluice {
namespace {

constexpr int exit_stopped = 4;

sigset_t stop_signals() {
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGINT);
  sigaddset(&signals, SIGTERM);
  return signals;
}

// The next of the signals; 0 if none has come by `until`.
int wait_for_signal(const sigset_t& signals, std::optional<Instant> until) {
  if (!until) return std::max(0, ::sigwaitinfo(&signals, nullptr));
  const Nanoseconds left = std::max<Nanoseconds>(*until - now(), 0);
  const timespec patience{.tv_sec = left / 1_s, .tv_nsec = left % 1_s};
  return std::max(0, ::sigtimedwait(&signals, nullptr, &patience));
}

// Nothing is flushed or destroyed: any of that may be what we wait for.
[[noreturn]] void end_now(const std::string& words) {
  const std::string line = "sluice: " + words + "\n";
  static_cast<void>(!::write(STDERR_FILENO, line.data(), line.size()));
  kill_all_children();
  ::_exit(exit_stopped);
}

}  // namespace

StopOnSignal::StopOnSignal(Limits limits) : limits_(std::move(limits)), begun_(now()) {
  // Kept back in this thread and in all that it starts; only the one here takes them.
  const sigset_t signals = stop_signals();
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);
  thread_ = std::jthread([this](const std::stop_token& done) { watch(done); });
}

StopOnSignal::~StopOnSignal() {
  thread_.request_stop();
  // Wakes it: it waits for this signal and ends nothing by it.
  pthread_kill(thread_.native_handle(), SIGTERM);  // NOLINT(bugprone-bad-signal-to-kill-thread)
  thread_.join();
}

void StopOnSignal::watch(const std::stop_token& done) {
  const sigset_t signals = stop_signals();
  std::optional<Instant> until;
  if (limits_.deadline) until = begun_ + *limits_.deadline;
  std::string why;
  while (!done.stop_requested()) {
    const int signal = wait_for_signal(signals, until);
    if (done.stop_requested()) return;
    const bool is_over = until && now() >= *until;
    if (signal != SIGINT && signal != SIGTERM && !is_over) continue;
    if (!why.empty())
      end_now(why + (is_over ? ", and its grace is over" : ", and once more") + limits_.last_words);
    why = signal == SIGINT    ? "stopped by SIGINT"
          : signal == SIGTERM ? "stopped by SIGTERM"
                              : "the deadline has come";
    if (limits_.grace == 0) end_now(why + limits_.last_words);
    until = now() + (limits_.grace - limits_.grace / 20);  // Gone by then, not just going
    ask(why);
  }
}

void StopOnSignal::ask(std::string why) {
  const std::lock_guard lock(mutex_);
  why_ = std::move(why);
  if (inbox_ != nullptr) inbox_->post(std::make_unique<Stop>(why_));
}

void StopOnSignal::tell(Inbox* inbox) {
  const std::lock_guard lock(mutex_);
  inbox_ = inbox;
  if (inbox_ != nullptr && !why_.empty()) inbox_->post(std::make_unique<Stop>(why_));
}

}  // namespace sluice
