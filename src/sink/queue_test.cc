#include "sink/queue.h"

#include <doctest/doctest.h>

#include <memory>

namespace sluice {
namespace {

struct Guest {
  Queue<Guest>::Turn turn;
};

}  // namespace

TEST_CASE("whoever came first is at the front, and joining twice doesn't lose the place") {
  Queue<Guest> queue;
  Guest a, b;
  a.turn.join(queue, a);
  b.turn.join(queue, b);
  a.turn.join(queue, a);
  CHECK(&queue.front() == &a);
  a.turn.leave();
  CHECK(&queue.front() == &b);
  a.turn.join(queue, a);
  CHECK(&queue.front() == &b);
}

TEST_CASE("who goes leaves the queue, and who joins another one leaves the first") {
  Queue<Guest> queue, other;
  auto a = std::make_unique<Guest>(), b = std::make_unique<Guest>();
  a->turn.join(queue, *a);
  b->turn.join(queue, *b);
  a.reset();
  CHECK(&queue.front() == b.get());
  b->turn.join(other, *b);
  CHECK(queue.empty());
  CHECK(&other.front() == b.get());
}

}  // namespace sluice
