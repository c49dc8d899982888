#include "aws/credential_source.h"

#include <chrono>

#include "aws/credential_chain.h"
#include "base/signals.h"

namespace sluice::aws {

CredentialSource::CredentialSource(Load load, const Clock& clock)
    : load_(std::move(load)), clock_(clock) {}

CredentialSource::~CredentialSource() {
  keeper_.request_stop();
  if (keeper_.joinable()) keeper_.join();
}

bool CredentialSource::is_fresh(Nanoseconds before_end) const {
  if (current_ == nullptr || is_refused_) return false;
  return !current_->expires || current_->expires->ns - clock_.wall().ns > before_end;
}

bool CredentialSource::has_ended() const {
  return !is_fresh(0);
}

Result<Credentials> CredentialSource::current_or(const Error& error) const {
  if (has_ended()) return error;
  return *current_;
}

Result<Credentials> CredentialSource::get() {
  std::unique_lock lock(mutex_);
  if (is_fresh(advisory_before)) return *current_;
  if (!has_ended() && failure_ && clock_.wall() < not_before_) return *current_;
  if (!is_loading_) return load_now(lock);
  if (is_fresh(mandatory_before)) return *current_;
  const uint64_t seen = loads_;
  changed_.wait(lock, [&] { return loads_ != seen; });
  if (failure_) return current_or(*failure_);
  return *current_;
}

Result<Credentials> CredentialSource::load_now(std::unique_lock<std::mutex>& lock) {
  is_loading_ = true;
  lock.unlock();
  Result<Credentials> loaded = load_();
  lock.lock();
  is_loading_ = false;
  ++loads_;
  changed_.notify_all();
  if (!loaded.ok()) {
    failure_ = loaded.error();
    not_before_ = WallTime{clock_.wall().ns + pause_after_failure};
    return current_or(*failure_);
  }
  failure_.reset();
  is_refused_ = false;
  current_ = std::make_shared<const Credentials>(*loaded);
  return loaded;
}

std::shared_ptr<const Credentials> CredentialSource::current() const {
  const std::lock_guard lock(mutex_);
  return current_;
}

void CredentialSource::refuse(const Credentials& these) {
  const std::lock_guard lock(mutex_);
  if (current_ != nullptr && *current_ == these) {
    is_refused_ = true;
    changed_.notify_all();
  }
}

void CredentialSource::renew(const Credentials& these, std::function<void(Status)> renewed) {
  const std::lock_guard lock(mutex_);
  if (current_ != nullptr && *current_ == these) is_refused_ = true;
  waiters_.push_back({these, std::move(renewed)});
  start_keeper();
  changed_.notify_all();
}

void CredentialSource::keep_fresh() {
  const std::lock_guard lock(mutex_);
  start_keeper();
}

void CredentialSource::start_keeper() {
  if (keeper_.joinable()) return;
  keeper_ = std::jthread([this](const std::stop_token& stop) { wait_and_get(stop); });
}

void CredentialSource::wait_and_get(const std::stop_token& stop) {
  leave_signals_to_others();
  while (!stop.stop_requested()) {
    get_for_waiters();
    std::unique_lock lock(mutex_);
    // Looks at the clock now and then: it may be set, and machines sleep.
    const auto pause = failure_ ? std::chrono::seconds(10) : std::chrono::seconds(30);
    changed_.wait_for(lock, stop, pause,
                      [&] { return !waiters_.empty() || (is_refused_ && !failure_); });
  }
  get_for_waiters(Error{ErrorKind::cancelled, "stopped before there were new credentials"});
}

// With `end`, nothing is loaded any more.
void CredentialSource::get_for_waiters(const std::optional<Error>& end) {
  std::vector<Waiter> waiters;
  {
    // Those who come while it loads are the next round's.
    const std::lock_guard lock(mutex_);
    waiters.swap(waiters_);
  }
  const Result<Credentials> loaded = end ? Result<Credentials>(*end) : get();
  for (const Waiter& waiter : waiters) {
    if (!loaded.ok()) {
      waiter.renewed(loaded.error());
    } else if (*loaded == waiter.refused) {
      waiter.renewed(Error{ErrorKind::denied, "there are no newer credentials"});
    } else {
      waiter.renewed({});
    }
  }
}

std::unique_ptr<CredentialSource> make_credential_source(AwsOptions options,
                                                         AwsSurroundings surroundings) {
  const Clock& clock = *surroundings.clock;
  return std::make_unique<CredentialSource>(
      [options = std::move(options), surroundings = std::move(surroundings)] {
        return find_credentials(options, surroundings);
      },
      clock);
}

std::unique_ptr<CredentialSource> make_fixed_credentials(Credentials credentials) {
  static const Clock clock;
  return std::make_unique<CredentialSource>(
      [credentials = std::move(credentials)] { return Result<Credentials>(credentials); }, clock);
}

}  // namespace sluice::aws
