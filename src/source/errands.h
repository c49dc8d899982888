// What a source has asked for and waits for: each errand's ticket, and what it was for. An errand
// is under way, with a slot of what may be in flight, or it rests before it goes again. Here are
// the slots' return, the rests, and the question whether anything is still to come; what is asked,
// and whether it is worth asking again, is the source's.
//
//   take a slot -> sent(what) -> answered -> take(ticket) gives the slot back
//                                  failed -> rests(what, until) -> take(ticket): go again
//
// The loop's thread only.
#pragma once

#include <memory>
#include <optional>
#include <unordered_map>
#include <utility>

#include "base/clock.h"
#include "base/inbox.h"
#include "base/result.h"
#include "flow/stage.h"

namespace sluice {

// How long an errand to a store rests that has failed for once more than `tries` times, in spite of
// the store's own retries: 100, 200, 400, 800 ms. Nothing: it isn't worth another try.
inline constexpr uint32_t errand_retries_max = 4;
inline constexpr Nanoseconds errand_retry_delay = 100_ms;
inline std::optional<Nanoseconds> rest_before_retry(const Error& why, uint32_t tries) {
  const bool passes = why.kind == ErrorKind::transient || why.kind == ErrorKind::throttled;
  if (!passes || tries >= errand_retries_max) return std::nullopt;
  return errand_retry_delay << tries;
}

template <class What>
class Errands {
 public:
  // All outlive it.
  Errands(InFlight& in_flight, Inbox& inbox, TicketSeries& tickets)
      : in_flight_(in_flight), inbox_(inbox), tickets_(tickets) {}

  // It has a slot, and brings it back with its last event, which has this ticket.
  Ticket sent(What what) {
    ++under_way_;
    return add(std::move(what), State::under_way);
  }
  // An event with this ticket comes then.
  Ticket rests(What what, Instant until) {
    const Ticket ticket = add(std::move(what), State::resting);
    inbox_.post_at(until, std::make_unique<Event>(ticket));
    return ticket;
  }

  // What an event is about that is not the errand's last; null: none of these.
  const What* find(Ticket ticket) const {
    const auto found = open_.find(ticket);
    return found == open_.end() ? nullptr : &found->second.what;
  }

  enum class State : uint8_t { under_way, resting };
  struct Back {
    What what;
    State was;
  };
  // The last event of an errand has come: its answer, or the end of its rest. Nothing: it is of
  // none of these, or nobody waits for it any more.
  std::optional<Back> take(Ticket ticket) {
    const auto found = open_.find(ticket);
    if (found == open_.end()) return std::nullopt;
    Back back = std::move(found->second);
    open_.erase(found);
    if (back.was == State::under_way) {
      --under_way_;
      in_flight_.give_back();
    }
    return back;
  }

  // Nobody waits for its end any more. What is under way comes back all the same.
  void drop_rest(Ticket ticket) {
    const auto found = open_.find(ticket);
    if (found != open_.end() && found->second.was == State::resting) open_.erase(found);
  }
  // Likewise for all that rest; `cancel(ticket)` is told of each that is under way.
  template <class Cancel>
  void stop(Cancel&& cancel) {
    std::erase_if(open_, [](const auto& one) { return one.second.was == State::resting; });
    for (const auto& one : open_) cancel(one.first);
  }

  size_t open() const { return open_.size(); }
  size_t under_way() const { return under_way_; }

 private:
  Ticket add(What what, State state) {
    const Ticket ticket = tickets_.next();
    open_.emplace(ticket, Back{std::move(what), state});
    return ticket;
  }

  InFlight& in_flight_;
  Inbox& inbox_;
  TicketSeries& tickets_;
  std::unordered_map<Ticket, Back> open_;
  size_t under_way_ = 0;
};

}  // namespace sluice
