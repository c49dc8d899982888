// One attempt at a request whose answer's body is streamed to a loop: in buffers that the loop has
// reserved and handed in, and that come back filled, in order, as events. Without a buffer the
// bytes wait in the socket. That is how a page of any size goes through constant memory.
//
// The loop's side is Fetch; on the engine's side an Exchange holds on to what they share, so that
// either may go first. What an answer means and trying again are the source's.
#pragma once

#include <memory>

#include "base/budget.h"
#include "base/buffer.h"
#include "base/inbox.h"
#include "http/http.h"

namespace sluice {

class Trace;

// All with the ticket that the fetch was started with. Bytes only where it has a page; else the
// beginning of the body is in FetchEnded.
struct FetchedBytes : Event {
  using Event::Event;
  Buffer bytes;
  Lease lease;
};
// The last event.
struct FetchEnded : Event {
  using Event::Event;
  // Its body: of a refusal, at most refusal_bytes_max.
  Result<HttpResponse> response = HttpResponse{};
};

inline constexpr size_t refusal_bytes_max = 4 << 10;

// What comes of such an answer is a page's. 206 is a part of one, which nobody has asked for.
inline bool has_page(int status) {
  return status / 100 == 2 && status != 206;
}

class Fetch {
 public:
  // `room`: the first buffer, of stream_room_bytes_min at least, whose lease is `lease`. `trace`,
  // where there is one, is told of the attempt, from when it went out.
  Fetch(Engine& engine, Inbox& inbox, Ticket ticket, Buffer room, Lease lease,
        Trace* trace = nullptr);
  // Gives up, if it is still under way: FetchEnded comes all the same.
  ~Fetch();
  Fetch(const Fetch&) = delete;
  Fetch& operator=(const Fetch&) = delete;

  // How it is begun: once, from any thread, and even when the fetch has been given up meanwhile.
  class Starter {
   public:
    // The request's body must be empty: it is `body`.
    void start(HttpRequest request, std::string body, Instant when) const;
    // What couldn't be sent at all ends like an attempt.
    void fail(Error error) const;

   private:
    friend class Fetch;
    explicit Starter(std::shared_ptr<struct FetchShared> shared) : shared_(std::move(shared)) {}
    std::shared_ptr<struct FetchShared> shared_;
  };
  Starter starter() const { return Starter(shared_); }

  // Another buffer, where wants_room() says that one is of use.
  void give_room(Buffer room, Lease lease);
  bool wants_room() const;

 private:
  std::shared_ptr<struct FetchShared> shared_;
};

}  // namespace sluice
