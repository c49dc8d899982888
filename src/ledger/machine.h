// What all machines of the ledger have in common. A machine is a value: it says which store
// requests it wants made and is told their answers. It does no I/O, knows no time and no threads,
// and can be copied and compared, so that a search can hold it in a set.
//
//   while (!machine.done()) {
//     while (auto call = machine.next()) start it (after a pause, growing with call->attempt, if >
//     0); wait for one answer; machine.take(call's id, answer);
//   }
//
// next() gives further calls until no more can be started before an answer arrives; several may be
// open at once, and their answers may come in any order. An id is unique among the open calls and
// may come again later.
//
// `transient` and `throttled` mean no answer: the request may have had its effect, or may still
// have it. The machine then repeats it (attempt + 1), or reads first where a repetition could do
// harm. It repeats for ever: the driver's deadline ends it, by no longer driving it; nothing need
// be undone then. Any other error that the protocol has no use for ends the machine: error().
#pragma once

#include <algorithm>
#include <cstdint>
#include <optional>
#include <variant>
#include <vector>

#include "base/result.h"
#include "ledger/unit.h"
#include "store/store.h"

namespace sluice::ledger {

enum class Where : uint8_t { state, lake };  // Which store a call goes to

struct Call {
  uint32_t id = 0;
  Where where = Where::state;
  Request request;
  uint32_t attempt = 0;  // Above 0: repeated, so wait a little first.
};

inline bool no_answer(const Result<Answer>& answer) {
  return !answer.ok() && (answer.error().kind == ErrorKind::transient ||
                          answer.error().kind == ErrorKind::throttled);
}
inline bool is(const Result<Answer>& answer, ErrorKind kind) {
  return !answer.ok() && answer.error().kind == kind;
}

// More attempts than that are counted as that many, so that a machine has finitely many states.
inline constexpr uint8_t attempts_max = 20;

// ---- what machines are made of ------------------------------------------------------------------

// Which of a numbered list of calls wait, are open, or are answered. The call's id is its number.
class Batch {
 public:
  Batch() = default;
  Batch(size_t count, uint32_t calls_in_flight) : items_(count), in_flight_max_(calls_in_flight) {}

  std::optional<uint32_t> start();  // The next to start, if one may be
  uint32_t attempt(uint32_t item) const { return items_[item].attempt; }
  void repeat(uint32_t item);       // No answer: the same call once more
  void follow(uint32_t item);       // Answered, and another call follows for the same item
  void finish(uint32_t item);       // Answered
  void stop() { stopped_ = true; }  // Nothing more is started
  bool done() const { return open_ == 0 && (stopped_ || finished_ == items_.size()); }
  bool operator==(const Batch&) const = default;

 private:
  enum class State : uint8_t { waiting, open, finished };
  struct Item {
    State state = State::waiting;
    uint8_t attempt = 0;
    bool operator==(const Item&) const = default;
  };
  void wait_again(uint32_t item, uint8_t attempt);

  std::vector<Item> items_;
  uint32_t in_flight_max_ = 1;
  uint32_t open_ = 0;
  uint32_t finished_ = 0;
  uint32_t first_ = 0;  // None before it waits.
  bool stopped_ = false;
};

// One call at a time.
class Single {
 public:
  template <class Request>
  std::optional<Call> start(Where where, Request request) {
    if (open_) return std::nullopt;
    open_ = true;
    return Call{0, where, std::move(request), attempt_};
  }
  bool waiting() const { return !open_; }
  void repeat() { open_ = false, attempt_ = std::min<uint8_t>(attempt_ + 1, attempts_max); }
  void follow() { open_ = false, attempt_ = 0; }
  // Another call that is part of the same repeated step.
  void follow_within_attempt() { open_ = false; }
  bool operator==(const Single&) const = default;

 private:
  bool open_ = false;
  uint8_t attempt_ = 0;
};

// One of several machines at a time: the step that a bigger machine is at.
template <class... Machines>
class Step {
 public:
  template <class Machine>
  void go(Machine machine) {
    machine_ = std::move(machine);
  }
  template <class Machine>
  bool at() const {
    return std::holds_alternative<Machine>(machine_);
  }
  template <class Machine>
  Machine& as() {
    return std::get<Machine>(machine_);
  }
  template <class Machine>
  const Machine& as() const {
    return std::get<Machine>(machine_);
  }

  std::optional<Call> next() {
    return std::visit([](auto& machine) { return machine.next(); }, machine_);
  }
  void take(uint32_t id, Result<Answer> answer) {
    std::visit([&](auto& machine) { machine.take(id, std::move(answer)); }, machine_);
  }
  bool done() const {
    return std::visit([](const auto& machine) { return machine.done(); }, machine_);
  }
  const std::optional<Error>& error() const {
    return std::visit(
        [](const auto& machine) -> const std::optional<Error>& { return machine.error(); },
        machine_);
  }
  bool operator==(const Step&) const = default;

 private:
  std::variant<Machines...> machine_;
};

// Nothing to do; or, in a bigger machine, the end.
class Rest {
 public:
  std::optional<Call> next() { return std::nullopt; }
  void take(uint32_t, Result<Answer>) { ENSURE(!"an answer nobody asked for"); }
  bool done() const { return true; }
  const std::optional<Error>& error() const { return none_; }
  bool operator==(const Rest&) const { return true; }

 private:
  std::optional<Error> none_;
};

}  // namespace sluice::ledger
