#include "base/inbox.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <thread>

namespace sluice {

TEST_CASE("events arrive in the order they were posted") {
  Inbox inbox;
  for (Ticket t = 1; t <= 3; ++t) inbox.post(std::make_unique<Event>(t));
  for (Ticket t = 1; t <= 3; ++t) CHECK(inbox.wait()->ticket == t);
  CHECK(inbox.take_if_any() == nullptr);
}

TEST_CASE("a timer comes when it is due, not before, and wakes a waiting loop") {
  Inbox inbox;
  const Instant start = now();
  inbox.post_at(start + 30_ms, std::make_unique<Event>(2));
  inbox.post_at(start + 5_ms, std::make_unique<Event>(1));
  CHECK(inbox.take_if_any() == nullptr);
  CHECK(inbox.wait()->ticket == 1);
  CHECK(inbox.wait()->ticket == 2);
  CHECK(now() - start >= 30_ms);
}

TEST_CASE("an earlier timer posted by another thread shortens the wait") {
  Inbox inbox;
  const Instant start = now();
  inbox.post_at(start + 10_s, std::make_unique<Event>(2));
  std::jthread other([&] { inbox.post_at(now() + 5_ms, std::make_unique<Event>(1)); });
  CHECK(inbox.wait()->ticket == 1);
  CHECK(now() - start < 5_s);
}

TEST_CASE("what is posted together arrives together, in order, at each inbox") {
  Inbox one, two;
  {
    PostTogether together;
    for (Ticket t = 1; t <= 4; ++t) (t == 3 ? two : one).post(std::make_unique<Event>(t));
    CHECK(one.take_if_any() == nullptr);
  }
  CHECK(one.wait()->ticket == 1);
  CHECK(one.wait()->ticket == 2);
  CHECK(one.wait()->ticket == 4);
  CHECK(two.wait()->ticket == 3);
}

TEST_CASE("nothing is lost when many threads post at once") {
  Inbox inbox;
  constexpr int threads = 4, each = 2000;
  std::vector<std::jthread> posters;
  for (int t = 0; t < threads; ++t) {
    posters.emplace_back([&, t] {
      for (int i = 0; i < each; ++i) inbox.post(std::make_unique<Event>(t * each + i));
    });
  }
  std::vector<bool> seen(threads * each);
  for (int i = 0; i < threads * each; ++i) seen[inbox.wait()->ticket] = true;
  CHECK(std::find(seen.begin(), seen.end(), false) == seen.end());
}

}  // namespace sluice
