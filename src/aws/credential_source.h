// Credentials as those who sign need them: at hand, and replaced before they end. How they are
// found is credential_chain.h's.
#pragma once

#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <thread>
#include <vector>

#include "aws/credentials.h"
#include "aws/surroundings.h"
#include "base/clock.h"
#include "base/result.h"

namespace sluice::aws {

// Safe from any thread. However many ask, one at a time loads, and all take what it got: services
// that hand out credentials throttle (https://github.com/aio-libs/aiobotocore/issues/1494).
class CredentialSource {
 public:
  using Load = std::function<Result<Credentials>()>;  // Blocks; called on a caller's thread

  // botocore's: from 15 minutes before the end somebody loads anew while the others go on with what
  // there is; from 10 minutes before, all wait for it.
  static constexpr Nanoseconds advisory_before = 900_s;
  static constexpr Nanoseconds mandatory_before = 600_s;
  // After a failed load, with credentials that haven't ended yet, nobody asks again for so long.
  static constexpr Nanoseconds pause_after_failure = 10_s;

  CredentialSource(Load load, const Clock& clock);
  ~CredentialSource();  // Waits for a load that is under way
  CredentialSource(const CredentialSource&) = delete;
  CredentialSource& operator=(const CredentialSource&) = delete;

  // May block while they are loaded: for control threads. If loading fails, those at hand are
  // answered as long as they haven't ended.
  Result<Credentials> get();
  // Never blocks, loads nothing: what get() has last loaded, though it may have ended; null before
  // that. Shared, so that a request needs no copy of a long token.
  std::shared_ptr<const Credentials> current() const;
  // AWS calls `these` expired, whatever they say themselves: the next get() loads anew, unless that
  // has happened already.
  void refuse(const Credentials& these);
  // The same, and `renewed` is called once when there are others, or with the reason why there are
  // none: on the keeper's thread, which this starts, never on the caller's. It must not block, nor
  // end this object. At the latest it is called when this object ends.
  void renew(const Credentials& these, std::function<void(Status)> renewed);
  // From now on a thread of its own calls get() in time, until the end of this object.
  void keep_fresh();

 private:
  bool is_fresh(Nanoseconds before_end) const;  // With the lock; so do the next
  bool has_ended() const;
  Result<Credentials> load_now(std::unique_lock<std::mutex>& lock);
  Result<Credentials> current_or(const Error& error) const;
  struct Waiter {
    Credentials refused;
    std::function<void(Status)> renewed;
  };
  void start_keeper();  // With the lock
  void wait_and_get(const std::stop_token& stop);
  void get_for_waiters(const std::optional<Error>& end = {});

  // Constant.
  const Load load_;
  const Clock& clock_;
  mutable std::mutex mutex_;
  std::condition_variable_any changed_;
  // Guarded by mutex_.
  std::shared_ptr<const Credentials> current_;  // Shared with signers: see current()
  bool is_refused_ = false;
  bool is_loading_ = false;
  uint64_t loads_ = 0;            // That have ended
  std::optional<Error> failure_;  // Of the last load
  WallTime not_before_ = {};      // The next load, after a failure
  std::vector<Waiter> waiters_;
  std::jthread keeper_;
};

// The whole chain (credential_chain.h), found anew whenever they are about to end.
std::unique_ptr<CredentialSource> make_credential_source(AwsOptions options,
                                                         AwsSurroundings surroundings);
// These, for ever.
std::unique_ptr<CredentialSource> make_fixed_credentials(Credentials credentials);

}  // namespace sluice::aws
