// Drives a machine of the ledger from a loop: starts the calls it asks for on the store they are
// meant for, and hands it the answers. What was not answered is asked again after a pause that
// grows with the attempts, with chance in it.
#pragma once

#include <memory>
#include <optional>
#include <unordered_map>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "base/inbox.h"
#include "ledger/machine.h"
#include "store/store.h"

namespace sluice {

struct LedgerStores {
  Store& state;
  Store& lake;
};

// How long to wait before attempt `n` (1: the first repetition).
Nanoseconds pause_before(uint32_t attempt, Chance& chance);

class LedgerDriver {
 public:
  LedgerDriver(LedgerStores stores, Inbox& inbox, TicketSeries tickets, Chance& chance)
      : stores_(stores), inbox_(inbox), tickets_(tickets), chance_(chance) {}

  template <class Machine>
  void start_what_fits(Machine& machine) {
    while (auto call = machine.next()) {
      if (refused_ && writes(*call)) {
        machine.take(call->id, *refused_);
      } else {
        start(std::move(*call));
      }
    }
  }
  // An event whose ticket owns() says is ours.
  template <class Machine>
  void on(Machine& machine, Event& event) {
    if (auto answered = answer(event)) machine.take(answered->first, std::move(answered->second));
  }
  bool owns(Ticket ticket) const { return tickets_.owns(ticket); }
  bool idle() const { return open_.empty() && held_.empty(); }

  // Until it is let go, what would write waits: somebody is still asking whether it may. Refused,
  // it is answered with the error.
  void hold_writes() { holds_writes_ = true; }
  void let_writes_go();
  template <class Machine>
  void refuse_writes(Machine& machine, const Error& error) {
    refused_ = error;
    holds_writes_ = false;
    for (ledger::Call& call : std::exchange(held_, {})) machine.take(call.id, error);
  }

 private:
  static bool writes(const ledger::Call& call);
  void start(ledger::Call call);
  void start_now(ledger::Call call, uint32_t round, Ticket ticket);
  std::optional<std::pair<uint32_t, Result<Answer>>> answer(Event& event);

  LedgerStores stores_;
  Inbox& inbox_;
  TicketSeries tickets_;
  Chance& chance_;
  // Rounds of a call that isn't answered, each with a store's own patience: then it is given up,
  // and the unit with it. Whatever was under way is settled by who comes next.
  static constexpr uint32_t rounds_max = 6;
  struct Open {
    uint32_t id;
    uint32_t round;
    std::unique_ptr<ledger::Call> paused;  // Waits for its timer
  };
  std::unordered_map<Ticket, Open> open_;
  bool holds_writes_ = false;
  std::optional<Error> refused_;
  std::vector<ledger::Call> held_;
};

// Drives a machine to its end, waiting. For control work outside the loops.
template <class Machine>
void drive_ledger(Machine& machine, LedgerStores stores, Chance& chance) {
  Inbox inbox;
  LedgerDriver driver(stores, inbox, TicketSeries(1), chance);
  for (driver.start_what_fits(machine); !machine.done() || !driver.idle();
       driver.start_what_fits(machine)) {
    driver.on(machine, *inbox.wait());
  }
}

}  // namespace sluice
