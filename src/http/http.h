// A request and its response as values, and the engine that carries them. One attempt: trying again
// is retry.h's, signing and what an error means are `aws`'s.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/buffer.h"
#include "base/clock.h"
#include "base/result.h"

namespace sluice {

struct Header {
  std::string name;  // In any case: HTTP doesn't tell them apart.
  std::string value;
  bool operator==(const Header&) const = default;
};
using Headers = std::vector<Header>;

// The value of the first header of that name, in whatever case; empty if there is none.
std::string_view header(const Headers& headers, std::string_view name);
bool has_header(const Headers& headers, std::string_view name);

struct HttpRequest {
  std::string method = "GET";
  std::string url;       // Absolute, percent-encoded by whoever made it; goes out byte for byte.
  Headers headers = {};  // Without Host (unless it differs from the URL's) and Content-Length.
  std::string_view body = {};            // Must live until the answer is there.
  uint64_t body_most = 16 << 20;         // Of the response, bytes; a longer one is `invalid`.
  Nanoseconds first_byte_within = 30_s;  // From the start of the attempt to the status line
  Nanoseconds stalled_after = 30_s;      // No byte moved for so long, in either direction
  // Having taken so long, it must bring (or take) slow_bytes_min a second, by the average of each
  // `stalled_after`; twice that after twice as long, and so on, else a body without an end would
  // be an answer for ever. While a streamed body has no room the time stands still.
  Nanoseconds slow_most = 60_s;
  static constexpr uint64_t slow_bytes_min = 100;
  Instant deadline = {INT64_MAX};  // Of the whole attempt
  // Of all before the status line: an address, a connection, a turn on one, the answer's beginning.
  Instant first_byte_by = {INT64_MAX};
  bool fresh_connection = false;  // Not over one that has been idle
  // Not empty: named by what lies at this URL, and only asked at public addresses unless that one's
  // own are not. Else `denied`.
  std::string asked_by = {};
  // It may be sent again, once and at once, if the idle connection it went out on turns out to
  // have been closed by the peer: no byte of an answer came.
  bool may_be_sent_twice = true;
};

struct HttpResponse {
  int status = 0;
  Headers headers;
  Buffer body;  // De-chunked, not decompressed
  // When the status line was there, and whether the connection had served a request before.
  Instant first_byte = {};
  bool reused_connection = false;
  // The body had neither a length nor chunks, nor TLS around it: it ended where the connection did,
  // whoever ended that. Whether it is whole only what is in it can tell.
  bool may_be_cut = false;
  // A refusal whose body didn't come to its end: its status holds, but what it says of the reason
  // is missing, or a part of that.
  bool broke_off = false;
};

// Where a streamed body goes, as it comes. On a thread of the engine; must not block.
class BodySink {
 public:
  virtual ~BodySink() = default;
  // Where the next bytes may be put. Empty: nowhere now; the rest stays in the socket, and the peer
  // waits, until Engine::go_on. At the start of a body it has stream_room_bytes_min at least.
  virtual std::span<char> room() = 0;
  virtual void put(size_t bytes) = 0;  // So many of the last room() are there.
};
// What came in one piece with the head must find room at once.
inline constexpr size_t stream_room_bytes_min = 64 << 10;

// One attempt, from start to its end. Owned by the engine meanwhile.
class Exchange {
 public:
  virtual ~Exchange() = default;
  // Once, on a thread of the engine, when its time has come: the moment to make and sign the
  // request. False: it isn't wanted any more, and ends with `cancelled`.
  virtual bool prepare() { return true; }
  virtual const HttpRequest& request() const = 0;  // After prepare
  // At most once, when status and headers are there: where the body goes instead of into the
  // response, which then ends with an empty one. Null: into the response. The sink lives until
  // `finished`; body_most doesn't hold for it.
  virtual BodySink* stream(const HttpResponse&) { return nullptr; }
  // Exactly once, on a thread of the engine: must not block, may start others. Any status is a
  // response. `transient`: no connection, cut, or no answer in time (the bytes of the request may
  // have arrived all the same); `cancelled`; `invalid`: a URL that can't be, a body over body_most,
  // a certificate that isn't trusted. The exchange is destroyed after it.
  virtual void finished(Result<HttpResponse> response) = 0;
};

using ExchangeId = uint64_t;

class Engine {
 public:
  virtual ~Engine() = default;
  // Never blocks. From any thread. Not before `when`; at its turn if all connections are in use.
  virtual ExchangeId start(std::unique_ptr<Exchange> exchange, Instant when = {}) = 0;
  // A hint: `finished` still comes, with `cancelled` or a response. An unknown id does nothing.
  virtual void cancel(ExchangeId id) = 0;
  // A streamed body whose sink had no room has room again. From any thread. An unknown id does
  // nothing.
  virtual void go_on(ExchangeId) {}
};

// One request, waited for. For control work; not on a thread of the engine.
Result<HttpResponse> call(Engine& engine, HttpRequest request);

}  // namespace sluice
