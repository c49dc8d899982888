#include "source/fetch.h"

#include <algorithm>
#include <mutex>
#include <optional>
#include <vector>

#include "meter/trace.h"

namespace sluice {

struct FetchShared {
  struct Room {
    Buffer bytes;
    Lease lease;
  };
  FetchShared(Engine& engine, Inbox& inbox, Ticket ticket, Trace* trace)
      : engine(engine), inbox(inbox), ticket(ticket), trace(trace) {}

  // With the lock.
  void send_filled() {
    auto event = std::make_unique<FetchedBytes>(ticket);
    event->bytes = std::move(room->bytes);
    event->lease = std::move(room->lease);
    room = std::move(next);
    next.reset();
    has_filled = true;
    inbox.post(std::move(event));
  }
  void end(Result<HttpResponse> response) {
    const std::lock_guard lock(mutex);
    if (is_ended) return;
    is_ended = true;
    if (room && !room->bytes.empty()) send_filled();
    room.reset();
    next.reset();
    auto event = std::make_unique<FetchEnded>(ticket);
    event->response = std::move(response);
    inbox.post(std::move(event));
  }

  Engine& engine;
  Inbox& inbox;
  const Ticket ticket;
  Trace* const trace;  // Null: nobody wants to know
  std::mutex mutex;
  // Guarded by mutex.
  std::optional<Room> room, next;
  ExchangeId id = 0;
  bool is_begun = false;    // The engine has it, or is about to
  bool has_filled = false;  // A first buffer
  bool is_waiting = false;  // The engine found no room
  bool is_given_up = false;
  bool is_ended = false;
};

// The engine's side.
namespace {

class Carrier : public Exchange, private BodySink {
 public:
  Carrier(std::shared_ptr<FetchShared> shared, HttpRequest request, std::string body)
      : shared_(std::move(shared)), request_(std::move(request)), body_(std::move(body)) {
    request_.body = body_;
  }
  bool prepare() override {
    if (shared_->trace != nullptr) sent_ = now();
    const std::lock_guard lock(shared_->mutex);
    return !shared_->is_given_up;
  }
  const HttpRequest& request() const override { return request_; }
  BodySink* stream(const HttpResponse& head) override {
    is_refusal_ = !has_page(head.status);
    if (is_refusal_) refused_.resize(stream_room_bytes_min);
    return this;
  }
  void finished(Result<HttpResponse> response) override {
    if (sent_) trace(response);
    if (response.ok() && is_refusal_) response->body = Buffer::of(refusal_);
    shared_->end(std::move(response));
  }

 private:
  // Before the answer is delivered: who gets it may be the last that knows the trace.
  void trace(const Result<HttpResponse>& response) const {
    shared_->trace->add({.kind = Interval::Kind::request,
                         .name = request_.method == "GET" ? "api get" : "api post",
                         .series = series_of(shared_->ticket),
                         .begin = *sent_,
                         .end = now(),
                         .bytes = came_,
                         .failed = !response.ok() || response->status / 100 >= 4});
  }
  std::span<char> room() override {
    if (is_refusal_) return refused_;
    const std::lock_guard lock(shared_->mutex);
    shared_->is_waiting = !shared_->room;
    if (!shared_->room) return {};
    Buffer& bytes = shared_->room->bytes;
    return {bytes.data() + bytes.size(), bytes.room()};
  }
  void put(size_t bytes) override {
    came_ += bytes;
    if (is_refusal_) {
      const size_t kept = std::min(bytes, refusal_bytes_max - refusal_.size());
      refusal_.append(refused_.data(), kept);
      return;
    }
    const std::lock_guard lock(shared_->mutex);
    Buffer& room = shared_->room->bytes;
    room.resize(room.size() + bytes);
    if (room.room() == 0) shared_->send_filled();
  }

  const std::shared_ptr<FetchShared> shared_;
  HttpRequest request_;
  const std::string body_;
  std::optional<Instant> sent_;  // Where there is a trace
  uint64_t came_ = 0;            // Of the body
  bool is_refusal_ = false;
  std::string refusal_;
  std::vector<char> refused_;  // What nobody wants to see
};

}  // namespace

Fetch::Fetch(Engine& engine, Inbox& inbox, Ticket ticket, Buffer room, Lease lease, Trace* trace)
    : shared_(std::make_shared<FetchShared>(engine, inbox, ticket, trace)) {
  ENSURE(room.room() >= stream_room_bytes_min);
  shared_->room = FetchShared::Room{std::move(room), std::move(lease)};
}

Fetch::~Fetch() {
  ExchangeId id = 0;
  bool is_begun = false;
  {
    const std::lock_guard lock(shared_->mutex);
    shared_->is_given_up = true;
    if (shared_->is_ended) return;
    id = shared_->id;
    is_begun = shared_->is_begun;
  }
  // Who was to begin it may still be waiting for a token: nobody waits for that any more.
  if (!is_begun) shared_->end(Error{ErrorKind::cancelled, "given up before it was sent"});
  if (id != 0) shared_->engine.cancel(id);
}

void Fetch::Starter::start(HttpRequest request, std::string body, Instant when) const {
  {
    const std::lock_guard lock(shared_->mutex);
    if (shared_->is_given_up) return;
    shared_->is_begun = true;
  }
  auto carrier = std::make_unique<Carrier>(shared_, std::move(request), std::move(body));
  const ExchangeId id = shared_->engine.start(std::move(carrier), when);
  bool is_given_up = false, goes_on = false;
  {
    const std::lock_guard lock(shared_->mutex);
    shared_->id = id;
    is_given_up = shared_->is_given_up;
    goes_on = shared_->is_waiting && shared_->room;
    if (goes_on) shared_->is_waiting = false;
  }
  if (is_given_up) shared_->engine.cancel(id);
  if (goes_on) shared_->engine.go_on(id);
}

void Fetch::Starter::fail(Error error) const {
  shared_->end(std::move(error));
}

void Fetch::give_room(Buffer room, Lease lease) {
  ExchangeId id = 0;
  {
    const std::lock_guard lock(shared_->mutex);
    if (shared_->is_ended) return;
    auto& free = shared_->room ? shared_->next : shared_->room;
    free = FetchShared::Room{std::move(room), std::move(lease)};
    if (shared_->is_waiting && shared_->id != 0) {
      id = shared_->id;
      shared_->is_waiting = false;
    }
  }
  if (id != 0) shared_->engine.go_on(id);
}

bool Fetch::wants_room() const {
  const std::lock_guard lock(shared_->mutex);
  if (shared_->is_ended) return false;
  return !shared_->room || (shared_->has_filled && !shared_->next);
}

}  // namespace sluice
