// One connection to an origin, from connect to close, and the exchange it carries: a state
// machine that a shard pushes on when its socket is ready. Once connected it is idle. HTTP/1.1, one
// request at a time.
#pragma once

#include <memory>
#include <optional>
#include <span>
#include <string>

#include "http/http.h"
#include "http/origin.h"
#include "http/response_reader.h"
#include "http/stream.h"

namespace sluice {

// An exchange on its way through the engine.
struct Pending {
  std::unique_ptr<Exchange> exchange;
  ExchangeId id = 0;
  bool was_repeated = false;  // It died with an idle connection before, and was sent again.
};

class Connection {
 public:
  enum class State : uint8_t { connecting, tunnelling, handshaking, sending, receiving, idle };
  enum class Step : uint8_t {
    blocked,   // Nothing more to do until the socket is ready
    yielded,   // There is more, but others' turn is now
    answered,  // `outcome` has the response
    failed,    // `outcome` says why; the connection is of no more use
    closed,    // An idle one, by the peer
  };

  // Begins to connect. The context outlives it; null for plain origins.
  Connection(Origin& origin, const Address& address, TlsContext* tls, Instant at);

  // Errno, where it couldn't even begin; 0 else.
  int begin_error() const { return begin_error_; }
  Instant began_at() const { return began_at_; }
  // Another connection is tried besides, since this one takes long to come about.
  bool is_overtaken = false;

  // Takes over the exchange, when idle. An error: a request that can't be sent.
  Status carry(Pending pending, Instant at);
  // `scratch` is anybody's: nothing stays in it.
  Step advance(std::span<char> scratch, Instant at);
  // The peer will send no more than what is there to be read: nobody tells of that a second time.
  void peer_has_ended() { peer_ended_ = true; }
  // A streamed body's sink had no room, and has it again: advance() may follow.
  void go_on(Instant at);
  // What it waits for has taken too long: an error with the reason.
  Status check_time(Instant at, Nanoseconds connect_within);
  // A refusal whose body didn't come in time, or broke off, is an answer all the same: false if
  // there is none.
  bool answer_with_refusal();
  // Idle: why it is of no use any more, if something has come that nobody asked for, or the peer
  // has gone. `denied` where the peer has said that it wants a certificate.
  std::optional<Error> spoke(std::span<char> scratch);

  Result<HttpResponse>& outcome() { return outcome_; }
  bool carries() const { return pending_.exchange != nullptr; }
  const Pending& pending() const { return pending_; }
  Pending take_pending() { return std::move(pending_); }
  // After `answered`: it may carry another.
  bool is_reusable() const { return is_reusable_; }
  // It failed for no other reason than that the peer had given the connection up meanwhile.
  bool died_idle() const { return served_ > 0 && !reader_.began(); }
  void rest(Instant at);  // answered -> idle
  bool is_fresh() const { return served_ == 0; }
  Instant idle_since() const { return moved_at_; }

  State state() const { return state_; }
  Origin& origin() { return origin_; }
  const Address& address() const { return address_; }
  int fd() const { return stream_.fd(); }

 private:
  Step fail(Error error);
  Status finish_connecting();
  Step send(Instant at);
  Step receive(std::span<char> scratch, Instant at);
  Step receive_tunnel(std::span<char> scratch, Instant at);
  Step answer();
  Status write_head(const HttpRequest& request);
  Step broke(Error error);
  Error failure(const Stream::Moved& moved) const;
  void moved(size_t bytes, Instant at);
  Status check_rate(const HttpRequest& request, Instant at);

  Origin& origin_;
  const Address address_;
  TlsContext* const tls_;
  Stream stream_;
  State state_ = State::connecting;
  Pending pending_;
  std::string head_;  // Of the request (or of CONNECT)
  size_t sent_ = 0;   // Of head and body together
  ResponseReader reader_;
  Result<HttpResponse> outcome_ = HttpResponse{};
  int begin_error_ = 0;
  bool send_failed_ = false;
  bool is_paused_ = false;  // For want of room for a streamed body
  bool peer_ended_ = false;
  bool is_reusable_ = false;
  uint32_t served_ = 0;
  Instant began_at_;  // Connecting, or carrying the exchange
  Instant moved_at_;  // A byte moved last
  Instant paused_at_;
  Nanoseconds paused_for_ = 0;  // Of the exchange's time
  Instant window_began_;        // Of the average rate
  uint64_t window_bytes_ = 0;
  Instant first_byte_at_;
};

}  // namespace sluice
