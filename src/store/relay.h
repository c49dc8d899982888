// How a wrapper gets to see an answer on its way: the inner store is given a Relay instead of the
// loop's inbox.
#pragma once

#include <memory>
#include <optional>

#include "store/store.h"

namespace sluice {

// For one answer; it goes when the answer has come.
class Relay : public Inbox {
 public:
  // Starts the request on the inner store, with this relay in between.
  static void start(std::unique_ptr<Relay> relay, Store& inner, Request request, Lease lease,
                    Ticket ticket) {
    Relay& inbox = *relay.release();  // Owned by the answer to come.
    inner.start(std::move(request), std::move(lease), ticket, inbox);
  }

  void post(std::unique_ptr<Event> event) final { take(std::nullopt, std::move(event)); }
  void post_at(Instant when, std::unique_ptr<Event> event) final { take(when, std::move(event)); }

 protected:
  // On the inner store's thread. Has to pass it on to where it belongs, now or later, as deliver().
  virtual void pass(std::optional<Instant> when, std::unique_ptr<Answered> answered) = 0;

  static void deliver(Inbox& to, std::optional<Instant> when, std::unique_ptr<Answered> answered) {
    if (when) {
      to.post_at(*when, std::move(answered));
    } else {
      to.post(std::move(answered));
    }
  }

 private:
  void take(std::optional<Instant> when, std::unique_ptr<Event> event) {
    const std::unique_ptr<Relay> self(this);
    pass(when, std::unique_ptr<Answered>(static_cast<Answered*>(event.release())));
  }
};

}  // namespace sluice
