#include "job/ledger_driver.h"

#include <algorithm>

namespace sluice {

// Full jitter: any time up to 50 ms doubled with each attempt, at most 10 s.
Nanoseconds pause_before(uint32_t attempt, Chance& chance) {
  const Nanoseconds most =
      std::min<Nanoseconds>(10_s, 50_ms << std::min<uint32_t>(attempt - 1, 20));
  return static_cast<Nanoseconds>(chance.below(static_cast<uint64_t>(most))) + 1_ms;
}

bool LedgerDriver::writes(const ledger::Call& call) {
  return !std::holds_alternative<Get>(call.request) &&
         !std::holds_alternative<Head>(call.request) &&
         !std::holds_alternative<List>(call.request) &&
         !std::holds_alternative<ListUploads>(call.request);
}

void LedgerDriver::let_writes_go() {
  holds_writes_ = false;
  for (ledger::Call& call : std::exchange(held_, {})) start(std::move(call));
}

void LedgerDriver::start(ledger::Call call) {
  if (holds_writes_ && writes(call)) return held_.push_back(std::move(call));
  const Ticket ticket = tickets_.next();
  if (call.attempt > 0) {
    const Instant when = now() + pause_before(call.attempt, chance_);
    open_[ticket] = {call.id, call.attempt, std::make_unique<ledger::Call>(std::move(call))};
    inbox_.post_at(when, std::make_unique<Event>(ticket));
    return;
  }
  start_now(std::move(call), 0, ticket);
}

void LedgerDriver::start_now(ledger::Call call, uint32_t round, Ticket ticket) {
  open_[ticket] = {call.id, round, nullptr};
  Store& store = call.where == ledger::Where::state ? stores_.state : stores_.lake;
  store.start(std::move(call.request), {}, ticket, inbox_);
}

// Nothing: a pause was over, and the call has been started now.
std::optional<std::pair<uint32_t, Result<Answer>>> LedgerDriver::answer(Event& event) {
  const auto found = open_.find(event.ticket);
  ENSURE(found != open_.end());
  Open open = std::move(found->second);
  open_.erase(found);
  if (open.paused && !refused_) {
    start_now(std::move(*open.paused), open.round, tickets_.next());
    return std::nullopt;
  }
  if (open.paused) return std::make_pair(open.id, Result<Answer>(*refused_));
  Result<Answer> answer = std::move(dynamic_cast<Answered&>(event).answer);
  const bool is_missing = !answer.ok() && (answer.error().kind == ErrorKind::transient ||
                                           answer.error().kind == ErrorKind::throttled);
  // Final, so that no machine asks again.
  if (is_missing && (refused_ || open.round >= rounds_max))
    answer = refused_ ? *refused_ : Error{ErrorKind::denied, answer.error().message + "; given up"};
  return std::make_pair(open.id, std::move(answer));
}

}  // namespace sluice
