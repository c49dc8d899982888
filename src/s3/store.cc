#include "s3/store.h"

#include <atomic>
#include <mutex>

#include "aws/error.h"
#include "aws/sign.h"
#include "base/time.h"
#include "s3/answers.h"
#include "s3/first_byte.h"
#include "s3/requests.h"
#include "store/rules.h"

namespace sluice {
namespace {

// Of bodies that are asked for twice: small ones, so that what isn't reserved is little.
constexpr uint64_t hedged_bytes_most = 512 << 10;

class Core;

// Most requests act at once. Some look first whether what they expect is there, and go on from
// that: exact deletes, and conditional puts where the server has none. Where it says done to a
// Complete of an upload that is gone, what is there is looked at afterwards.
enum class Step : uint8_t { look, act, look_after };

// One request to the store, over all its attempts. Attempts of a hedged one may end at the same
// time on two threads of the engine: `mutex` is for them.
struct Operation {
  Operation(Request request, Lease lease, Ticket ticket, Inbox& inbox)
      : request(std::move(request)), lease(std::move(lease)), ticket(ticket), inbox(inbox) {}

  const Request request;
  Lease lease;
  const Ticket ticket;
  Inbox& inbox;
  Instant started = now();

  std::mutex mutex;
  // Guarded by mutex.
  bool is_answered = false;
  Step step = Step::act;
  uint32_t attempts = 0;  // Begun
  uint32_t failures = 0;  // That no refusal was the reason of
  Instant first_refused = {};
  uint32_t moves = 0, clock_changes = 0, credential_changes = 0;
  ExchangeId exchange = 0;  // Of the last attempt that is no hedge
};
using OperationPtr = std::shared_ptr<Operation>;

// One attempt: made and signed on the engine's thread, at the moment it is sent.
class Attempt : public Exchange {
 public:
  Attempt(std::shared_ptr<Core> core, OperationPtr operation, bool is_hedge)
      : core_(std::move(core)), operation_(std::move(operation)), is_hedge_(is_hedge) {}
  bool prepare() override;
  const HttpRequest& request() const override { return outgoing_.request; }
  void finished(Result<HttpResponse> response) override;

  // An attempt that nobody waits for any more may outlive the store.
  const std::shared_ptr<Core> core_;
  const OperationPtr operation_;
  const bool is_hedge_;
  Step step_ = Step::act;
  bool wants_fresh_connection_ = false;
  s3::Outgoing outgoing_;
  std::shared_ptr<const aws::Credentials> signed_with_;  // Null: unsigned
  std::string signed_for_;                               // The region
  Instant sent_at_ = {};
};

class Core : public std::enable_shared_from_this<Core> {
 public:
  Core(S3Options options, Engine& engine, aws::CredentialSource* credentials, const Clock& clock)
      : options_(std::move(options)),
        name_("s3://" + options_.bucket.str() + "/"),
        engine_(engine),
        credentials_(credentials),
        clock_(clock),
        base_url_(options_.base_url),
        region_(options_.region.str()) {}

  const Features& features() const { return options_.features; }
  const std::string& name() const { return name_; }
  S3Counts counts() const {
    return {attempts_.load(), retries_.load(), refusals_.load(), hedges_.load(),
            hedges_won_.load()};
  }

  void start(Request request, Lease lease, Ticket ticket, Inbox& inbox) {
    const auto operation =
        std::make_shared<Operation>(std::move(request), std::move(lease), ticket, inbox);
    if (auto good = check(operation->request); !good.ok()) {
      const std::lock_guard lock(operation->mutex);
      return answer(*operation, good.error());
    }
    const std::lock_guard lock(operation->mutex);
    if (looks_first(operation->request)) operation->step = Step::look;
    send(operation, now());
  }

  // ---- one attempt ------------------------------------------------------------------------------

  void prepare(Attempt& attempt) {
    const Operation& operation = *attempt.operation_;
    std::string base_url;
    {
      const std::lock_guard lock(where_);
      base_url = base_url_;
      attempt.signed_for_ = region_;
    }
    const auto* remove = std::get_if<Delete>(&operation.request);
    if (attempt.step_ != Step::act) {
      attempt.outgoing_ = s3::outgoing(Head{key_of(operation.request)}, base_url, options_);
    } else if (remove != nullptr && remove->only) {
      attempt.outgoing_ = s3::outgoing_delete_if(*remove, base_url, options_);
    } else {
      attempt.outgoing_ = s3::outgoing(operation.request, base_url, options_);
    }
    HttpRequest& request = attempt.outgoing_.request;
    if (!attempt.outgoing_.made_body.empty()) request.body = attempt.outgoing_.made_body;
    request.fresh_connection = attempt.wants_fresh_connection_;
    if (credentials_ != nullptr) attempt.signed_with_ = credentials_->current();
    if (attempt.signed_with_ != nullptr) {
      const WallTime at{clock_.wall().ns + clock_offset_.load(std::memory_order_relaxed)};
      aws::sign(request, aws::SigningScope::s3(attempt.signed_for_, at), *attempt.signed_with_,
                keys_, options_.signs_payload ? std::string_view() : aws::unsigned_payload);
    }
    attempt.sent_at_ = now();
  }

  void finished(Attempt& attempt, Result<HttpResponse> response) {
    const OperationPtr& operation = attempt.operation_;
    const std::lock_guard lock(operation->mutex);
    if (operation->is_answered) return;
    if (!response.ok()) return broke(attempt, std::move(response.error()));

    if (std::holds_alternative<Get>(operation->request) && response->status / 100 == 2)
      first_bytes_.add(response->first_byte - attempt.sent_at_);
    std::variant<Answer, aws::Failure> outcome =
        attempt.step_ == Step::act
            ? s3::answer_of(operation->request, std::move(*response), options_, clock_.wall())
            : look(operation->request, std::move(*response));
    if (auto* failure = std::get_if<aws::Failure>(&outcome)) return failed(attempt, *failure);
    pace_of(operation->request).accepted(now());
    bucket_.succeeded();
    if (attempt.step_ == Step::look) return send_next(operation, Step::act);
    if (attempt.step_ == Step::act && looks_after(operation->request))
      return send_next(operation, Step::look_after);
    if (attempt.is_hedge_) {  // A hedge that lost sees for itself that it isn't wanted.
      hedges_won_.fetch_add(1, std::memory_order_relaxed);
      engine_.cancel(operation->exchange);
    }
    answer(*operation, std::get<Answer>(std::move(outcome)));
  }

 private:
  Status check(const Request& request) const {
    if (const auto* part = std::get_if<PutPart>(&request))
      return check_part(*part, options_.features);
    if (const auto* complete = std::get_if<Complete>(&request))
      return check_parts(*complete, options_.features);
    return {};
  }

  bool looks_first(const Request& request) const {
    if (const auto* remove = std::get_if<Delete>(&request)) return remove->only.has_value();
    const auto* put = std::get_if<Put>(&request);
    return put != nullptr && !options_.features.conditional_put &&
           !std::holds_alternative<Anything>(put->expect);
  }
  bool looks_after(const Request& request) const {
    return !options_.features.completes_once && std::holds_alternative<Complete>(request);
  }
  // Of those that look.
  static const Key& key_of(const Request& request) {
    if (const auto* remove = std::get_if<Delete>(&request)) return remove->key;
    if (const auto* put = std::get_if<Put>(&request)) return put->key;
    return std::get<Complete>(request).key;
  }

  // All below: with the operation's lock.

  void send(const OperationPtr& operation, Instant at) {
    ++operation->attempts;
    attempts_.fetch_add(1, std::memory_order_relaxed);
    auto attempt = std::make_unique<Attempt>(shared_from_this(), operation, false);
    attempt->step_ = operation->step;
    // Another connection, perhaps another address: what failed may have been its fault.
    attempt->wants_fresh_connection_ = operation->failures > 0;
    const Instant when = pace_of(operation->request).admit(at);
    operation->exchange = engine_.start(std::move(attempt), when);
    if (operation->attempts == 1 && is_hedged(operation->request)) send_hedge(operation, when);
  }

  void send_next(const OperationPtr& operation, Step step) {
    operation->step = step;
    send(operation, now());
  }

  void send_hedge(const OperationPtr& operation, Instant when) {
    const std::optional<Nanoseconds> slow = first_bytes_.slow_one();
    if (!slow) return;
    auto attempt = std::make_unique<Attempt>(shared_from_this(), operation, true);
    attempt->wants_fresh_connection_ = true;
    engine_.start(std::move(attempt), when + *slow);
  }

  // Whether this hedge is still of use, asked at its time.
  friend class Attempt;
  bool wants(const Attempt& attempt) {
    if (!attempt.is_hedge_) return true;
    const std::lock_guard lock(attempt.operation_->mutex);
    if (attempt.operation_->is_answered) return false;
    if (!first_bytes_.may_hedge()) return false;
    hedges_.fetch_add(1, std::memory_order_relaxed);
    return true;
  }

  void broke(Attempt& attempt, Error error) {
    Operation& operation = *attempt.operation_;
    if (attempt.is_hedge_) return;  // The first attempt goes on.
    if (error.kind != ErrorKind::transient || ++operation.failures >= options_.retry.attempts_max)
      return answer(operation, tried(operation, std::move(error)));
    again(attempt.operation_, RetryBucket::cost_of_failure, {}, operation.failures);
  }

  void failed(Attempt& attempt, aws::Failure& failure) {
    const OperationPtr& operation = attempt.operation_;
    if (attempt.is_hedge_) return;
    if (failure.error.kind == ErrorKind::throttled) return refused(operation, failure);
    if (failure.wants_new_credentials && attempt.signed_with_ != nullptr &&
        operation->credential_changes++ < 2)
      return renew(attempt, failure);
    if (failure.region && move_to(*failure.region, attempt.signed_for_) && operation->moves++ < 2)
      return send(operation, now());
    if (failure.clock_offset && operation->clock_changes++ < 2) {
      clock_offset_.store(*failure.clock_offset, std::memory_order_relaxed);
      return send(operation, now());
    }
    if (!failure.is_retryable || asks_too_much(failure) ||
        ++operation->failures >= options_.retry.attempts_max)
      return answer(*operation, tried(*operation, std::move(failure.error)));
    again(operation, RetryBucket::cost_of_failure, failure.retry_after, operation->failures);
  }

  void refused(const OperationPtr& operation, aws::Failure& failure) {
    const Instant at = now();
    refusals_.fetch_add(1, std::memory_order_relaxed);
    pace_of(operation->request).refused(at);
    if (operation->first_refused == Instant{}) operation->first_refused = at;
    if (at - operation->first_refused > options_.retry.refused_most || asks_too_much(failure))
      return answer(*operation, tried(*operation, std::move(failure.error)));
    again(operation, 0, failure.retry_after, operation->attempts);
  }

  // Then the failure says so.
  static bool asks_too_much(aws::Failure& failure) {
    const Nanoseconds wait = failure.retry_after.value_or(0);
    if (wait <= announced_wait_most) return false;
    failure.error.message += asks_to_wait(wait);
    return true;
  }

  // Once for all requests that wait for the same.
  void tell_wait(Nanoseconds wait, Instant at) {
    if (wait < long_wait_min || !options_.say) return;
    const int64_t until = (at + wait).ns;
    int64_t told = told_until_.load(std::memory_order_relaxed);
    if (until - told < long_wait_min || !told_until_.compare_exchange_strong(told, until)) return;
    options_.say(name_ + " asks to be left alone for " + print_duration(wait) + ": waiting");
  }

  void again(const OperationPtr& operation, double cost, std::optional<Nanoseconds> asked_for,
             uint32_t times) {
    retries_.fetch_add(1, std::memory_order_relaxed);
    const Instant at = now();
    tell_wait(asked_for.value_or(0), at);
    Nanoseconds pause = 0;
    {
      const std::lock_guard lock(chance_mutex_);
      pause = pause_before_next(options_.retry, times, asked_for, chance_);
    }
    send(operation, at + pause + bucket_.take(cost, at));
  }

  void renew(const Attempt& attempt, const aws::Failure& failure) {
    const OperationPtr operation = attempt.operation_;
    credentials_->renew(*attempt.signed_with_, [this, self = shared_from_this(), operation,
                                                said = failure.error](const Status& refreshed) {
      const std::lock_guard lock(operation->mutex);
      if (refreshed.ok()) return send(operation, now());
      answer(*operation, Error(said).in(refreshed.error().message));
    });
  }

  // The bucket lies in another region than thought: from now on everything goes there.
  bool move_to(const Region& region, const std::string& signed_for) {
    const std::lock_guard lock(where_);
    if (region_ != signed_for) return true;  // Somebody has moved meanwhile.
    if (region.str() == region_) return false;
    region_ = region.str();
    if (const size_t at = options_.base_url_of_region.find("{region}"); at != std::string::npos) {
      base_url_ = options_.base_url_of_region;
      base_url_.replace(at, 8, region_);
    }
    return true;
  }

  // What is there: is it what the request expects, or what it should have made?
  std::variant<Answer, aws::Failure> look(const Request& request, HttpResponse response) {
    auto outcome = s3::answer_of(Head{Key()}, std::move(response), options_, clock_.wall());
    const auto* answer = std::get_if<Answer>(&outcome);
    const Meta* meta = answer == nullptr ? nullptr : &std::get<Meta>(*answer);
    if (meta == nullptr && std::get<aws::Failure>(outcome).error.kind != ErrorKind::not_found)
      return outcome;
    aws::Failure other;
    other.error = {ErrorKind::conflict, "another object is there"};
    if (const auto* remove = std::get_if<Delete>(&request)) {
      if (meta == nullptr) return outcome;
      if (meta->etag == remove->only->etag && meta->mark == remove->only->mark) return outcome;
    } else if (const auto* put = std::get_if<Put>(&request)) {
      const ETag* etag = std::get_if<ETag>(&put->expect);
      const bool is_expected =
          etag == nullptr ? meta == nullptr : meta != nullptr && meta->etag == *etag;
      if (is_expected) return Answer(Done{});
      other.error.message = not_as_expected(put->expect).message;
    } else {
      const auto& complete = std::get<Complete>(request);
      if (meta != nullptr && s3::fits(meta->etag, complete.parts, options_.encryption))
        return Answer(Done{meta->etag});
      other.error = no_such_upload(complete.id);
    }
    return other;
  }

  bool is_hedged(const Request& request) const {
    const Get* get = std::get_if<Get>(&request);
    return options_.hedges && get != nullptr &&
           (get->range ? get->range->bytes : get->most) <= hedged_bytes_most;
  }

  Pace& pace_of(const Request& request) {
    const bool reads =
        std::holds_alternative<Get>(request) || std::holds_alternative<Head>(request) ||
        std::holds_alternative<List>(request) || std::holds_alternative<ListUploads>(request);
    return reads ? reads_ : writes_;
  }

  static Error tried(const Operation& operation, Error error) {
    if (operation.attempts > 1)
      error.message += " (after " + std::to_string(operation.attempts) + " attempts)";
    return error;
  }

  void answer(Operation& operation, Result<Answer> answer) {
    operation.is_answered = true;
    if (!answer.ok()) answer = std::move(answer).error().in(describe_at(name_, operation.request));
    Timing timing{operation.started, now()};
    timing.attempts = operation.attempts;
    if (const auto* part = std::get_if<PutPart>(&operation.request))
      timing.bytes = part->body.size();
    if (const auto* put = std::get_if<Put>(&operation.request)) timing.bytes = put->body.size();
    if (answer.ok()) {
      if (const auto* body = std::get_if<Body>(&*answer)) timing.bytes = body->bytes.size();
    }
    operation.inbox.post(std::make_unique<Answered>(operation.ticket, std::move(answer),
                                                    std::move(operation.lease), timing));
  }

  const S3Options options_;
  const std::string name_;
  Engine& engine_;
  aws::CredentialSource* const credentials_;
  const Clock& clock_;
  aws::SigningKeys keys_;

  std::mutex where_;
  std::string base_url_, region_;  // Guarded by where_
  std::atomic<Nanoseconds> clock_offset_{0};

  Pace reads_, writes_;  // S3 counts them apart: 5,500 and 3,500 a second for each prefix.
  RetryBucket bucket_;
  s3::FirstByte first_bytes_;
  std::mutex chance_mutex_;
  Chance chance_;  // Guarded by chance_mutex_

  std::atomic<int64_t> told_until_{0};
  std::atomic<uint64_t> attempts_{0}, retries_{0}, refusals_{0}, hedges_{0}, hedges_won_{0};
};

bool Attempt::prepare() {
  if (!core_->wants(*this)) return false;
  core_->prepare(*this);
  return true;
}

void Attempt::finished(Result<HttpResponse> response) {
  core_->finished(*this, std::move(response));
}

class StoreOverS3 : public S3Store {
 public:
  explicit StoreOverS3(std::shared_ptr<Core> core) : core_(std::move(core)) {}
  void start(Request request, Lease lease, Ticket ticket, Inbox& inbox) override {
    core_->start(std::move(request), std::move(lease), ticket, inbox);
  }
  Features features() const override { return core_->features(); }
  std::string name() const override { return core_->name(); }
  S3Counts counts() const override { return core_->counts(); }

 private:
  const std::shared_ptr<Core> core_;
};

}  // namespace

std::unique_ptr<S3Store> make_s3_store(S3Options options, Engine& engine,
                                       aws::CredentialSource* credentials, const Clock& clock) {
  return std::make_unique<StoreOverS3>(
      std::make_shared<Core>(std::move(options), engine, credentials, clock));
}

}  // namespace sluice
