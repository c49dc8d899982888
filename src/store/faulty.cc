#include "store/faulty.h"

#include <unistd.h>

#include <array>
#include <mutex>
#include <optional>

#include "base/checksum.h"
#include "store/relay.h"

namespace sluice {
namespace {

class Faulty;

class FaultyRelay : public Relay {
 public:
  FaultyRelay(Faulty& store, std::optional<Fault> fault, std::string what, Inbox& to)
      : store_(store), fault_(std::move(fault)), what_(std::move(what)), to_(to) {}

 private:
  void pass(std::optional<Instant> when, std::unique_ptr<Answered> answered) override;

  Faulty& store_;
  const std::optional<Fault> fault_;
  const std::string what_;
  Inbox& to_;
};

class Faulty : public FaultyStore {
 public:
  Faulty(Store& inner, FaultPlan plan) : inner_(inner), plan_(std::move(plan)) {}
  ~Faulty() override { release(); }

  void start(Request request, Lease lease, Ticket ticket, Inbox& inbox) override;
  void cancel(Ticket ticket) override { inner_.cancel(ticket); }
  Features features() const override { return inner_.features(); }
  std::string name() const override { return inner_.name(); }

  uint64_t calls() const override {
    std::lock_guard lock(mutex_);
    return calls_;
  }
  uint64_t calls(std::string_view verb) const override {
    std::lock_guard lock(mutex_);
    uint64_t sum = 0;
    for (const auto& [name, count] : calls_of_) sum += name == verb ? count : 0;
    return sum;
  }
  uint64_t faults() const override {
    std::lock_guard lock(mutex_);
    return faults_;
  }
  uint64_t stalled() const override {
    std::lock_guard lock(mutex_);
    return stalled_.size();
  }
  void set_plan(FaultPlan plan) override {
    std::lock_guard lock(mutex_);
    plan_ = std::move(plan);
    calls_ = faults_ = 0;
    calls_of_ = {};
    is_released_ = false;
  }
  void release() override;

  void die() const;
  void stall(Inbox& to, std::unique_ptr<Answered> answered);

 private:
  struct Stalled {
    Inbox* to;
    std::unique_ptr<Answered> answered;
  };
  std::optional<Fault> count(const Request& request);

  Store& inner_;

  mutable std::mutex mutex_;  // Guards all below.
  FaultPlan plan_;
  uint64_t calls_ = 0, faults_ = 0;
  std::array<std::pair<std::string_view, uint64_t>, std::variant_size_v<Request>> calls_of_{};
  std::vector<Stalled> stalled_;
  bool is_released_ = false;
};

void answer_with(Error error, const std::string& what, Lease lease, Ticket ticket, Inbox& inbox) {
  const Timing timing{now(), now(), 0};
  inbox.post(
      std::make_unique<Answered>(ticket, std::move(error).in(what), std::move(lease), timing));
}

void halve(PutPart& part) {
  part.body.resize(part.body.size() / 2);
  part.crc32c = crc32c(part.body.view());
}

std::optional<Fault> Faulty::count(const Request& request) {
  std::lock_guard lock(mutex_);
  auto& [name, of_verb] = calls_of_[request.index()];
  name = verb(request);
  ++calls_;
  ++of_verb;
  for (const Fault& fault : plan_.faults) {
    if (!fault.verb.empty() && fault.verb != name) continue;
    if (fault.at != 0 && fault.at != (fault.verb.empty() ? calls_ : of_verb)) continue;
    ++faults_;
    return fault;
  }
  return std::nullopt;
}

void Faulty::start(Request request, Lease lease, Ticket ticket, Inbox& inbox) {
  std::optional<Fault> fault = count(request);
  std::string what = fault ? describe(request) : std::string();
  if (fault) {
    PutPart* part = std::get_if<PutPart>(&request);
    const bool is_half = fault->kind == FaultKind::half_write && part != nullptr;
    if (is_half) halve(*part);
    if (fault->kind == FaultKind::die_before) {
      die();
      fault->error = {ErrorKind::cancelled, "died"};
    }
    if (fault->kind == FaultKind::fail || fault->kind == FaultKind::die_before ||
        (fault->kind == FaultKind::half_write && !is_half)) {
      return answer_with(std::move(fault->error), what, std::move(lease), ticket, inbox);
    }
  }
  auto relay = std::make_unique<FaultyRelay>(*this, std::move(fault), std::move(what), inbox);
  Relay::start(std::move(relay), inner_, std::move(request), std::move(lease), ticket);
}

void FaultyRelay::pass(std::optional<Instant> when, std::unique_ptr<Answered> answered) {
  if (!fault_) return deliver(to_, when, std::move(answered));
  if (fault_->kind == FaultKind::stall) return store_.stall(to_, std::move(answered));
  Error error = fault_->error;
  if (fault_->kind == FaultKind::die_after) {
    store_.die();
    error = {ErrorKind::cancelled, "died"};
  }
  answered->answer = std::move(error).in(what_);
  deliver(to_, when, std::move(answered));
}

void Faulty::die() const {
  std::function<void()> on_die;
  {
    std::lock_guard lock(mutex_);
    on_die = plan_.on_die;
  }
  if (!on_die) _exit(137);
  on_die();
}

void Faulty::stall(Inbox& to, std::unique_ptr<Answered> answered) {
  std::unique_lock lock(mutex_);
  if (!is_released_) return stalled_.push_back({&to, std::move(answered)});
  lock.unlock();
  to.post(std::move(answered));
}

void Faulty::release() {
  std::vector<Stalled> stalled;
  {
    std::lock_guard lock(mutex_);
    is_released_ = true;
    stalled.swap(stalled_);
  }
  for (Stalled& one : stalled) one.to->post(std::move(one.answered));
}

}  // namespace

std::unique_ptr<FaultyStore> make_faulty_store(Store& inner, FaultPlan plan) {
  return std::make_unique<Faulty>(inner, std::move(plan));
}

}  // namespace sluice
