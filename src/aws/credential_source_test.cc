#include "aws/credential_source.h"

#include <doctest/doctest.h>

#include <atomic>
#include <latch>
#include <string>
#include <vector>

#include "base/time.h"

namespace sluice::aws {
namespace {

constexpr Nanoseconds minute = 60_s;

WallTime start() {
  return parse_time("2024-02-08T10:00:00Z").value();
}

// Counts loads; each gives credentials for an hour, or fails.
struct Loader {
  Result<Credentials> operator()() {
    const int number = ++loads;
    if (is_failing) return Error{ErrorKind::transient, "not now"};
    return Credentials{"key" + std::to_string(number), "s", "t",
                       WallTime{clock.wall().ns + 60 * minute}};
  }
  StoppedClock clock{start()};
  std::atomic<int> loads = 0;
  std::atomic<bool> is_failing = false;
};

TEST_CASE("Credentials are loaded once, and anew from 15 minutes before their end") {
  Loader loader;
  CredentialSource source([&] { return loader(); }, loader.clock);
  CHECK(source.current() == nullptr);
  CHECK(source.get()->access_key_id == "key1");
  CHECK(source.current()->access_key_id == "key1");
  loader.clock.set({start().ns + 44 * minute});
  CHECK(source.get()->access_key_id == "key1");
  loader.clock.set({start().ns + 46 * minute});
  CHECK(source.current()->access_key_id == "key1");
  CHECK(source.get()->access_key_id == "key2");
  CHECK(loader.loads == 2);
}

TEST_CASE("A failed load goes unnoticed until the end, and isn't repeated by everybody at once") {
  Loader loader;
  CredentialSource source([&] { return loader(); }, loader.clock);
  CHECK(source.get().ok());
  loader.is_failing = true;
  loader.clock.set({start().ns + 55 * minute});
  CHECK(source.get()->access_key_id == "key1");
  CHECK(source.get()->access_key_id == "key1");
  CHECK(loader.loads == 2);
  loader.clock.set({start().ns + 56 * minute});
  CHECK(source.get()->access_key_id == "key1");
  CHECK(loader.loads == 3);
  loader.clock.set({start().ns + 61 * minute});
  CHECK(source.get().error().message == "not now");
  loader.is_failing = false;
  CHECK(source.get()->access_key_id == "key5");
}

TEST_CASE("Credentials that AWS calls expired are loaded anew, once") {
  Loader loader;
  CredentialSource source([&] { return loader(); }, loader.clock);
  const Credentials first = source.get().value();
  source.refuse(first);
  CHECK(source.get()->access_key_id == "key2");
  source.refuse(first);  // Told late: they are gone already.
  CHECK(source.get()->access_key_id == "key2");
}

TEST_CASE("Many who ask at once cause one load") {
  Loader loader;
  std::latch all_wait(1);
  CredentialSource source(
      [&] {
        all_wait.wait();
        return loader();
      },
      loader.clock);
  std::atomic<int> good = 0;
  {
    std::vector<std::jthread> threads;
    for (int i = 0; i < 8; ++i) {
      threads.emplace_back([&] { good += source.get()->access_key_id == "key1" ? 1 : 0; });
    }
    all_wait.count_down();
  }
  CHECK(good == 8);
  CHECK(loader.loads == 1);
}

TEST_CASE("A keeper loads by itself, and at once when credentials are refused") {
  Loader loader;
  CredentialSource source([&] { return loader(); }, loader.clock);
  source.keep_fresh();
  const auto wait_for = [&](const std::string& key) {
    for (;;) {
      const auto current = source.current();
      if (current != nullptr && current->access_key_id == key) return;
      std::this_thread::yield();
    }
  };
  wait_for("key1");
  source.refuse(*source.current());
  wait_for("key2");
  CHECK(loader.loads == 2);
}

TEST_CASE("Who renews hears when there are others, and why there are none") {
  Loader loader;
  std::vector<std::string> heard;
  std::mutex mutex;
  const auto note = [&](const Status& status) {
    const std::lock_guard lock(mutex);
    heard.push_back(status.ok() ? "new" : status.error().message);
  };
  const auto wait_for = [&](size_t count) {
    for (;;) {
      std::this_thread::yield();
      const std::lock_guard lock(mutex);
      if (heard.size() >= count) return;
    }
  };
  {
    CredentialSource source([&] { return loader(); }, loader.clock);
    const Credentials first = source.get().value();
    source.renew(first, note);
    wait_for(1);
    source.renew(first, note);  // There are others already.
    wait_for(2);
    CHECK(loader.loads == 2);
    loader.is_failing = true;
    source.renew(source.get().value(), note);
    wait_for(3);
  }
  CHECK(heard == std::vector<std::string>{"new", "new", "not now"});

  const auto fixed = make_fixed_credentials({"a", "s"});
  fixed->renew(fixed->get().value(), note);
  wait_for(4);
  CHECK(heard.back() == "there are no newer credentials");
}

TEST_CASE("Fixed credentials never end") {
  const auto source = make_fixed_credentials({"a", "s"});
  CHECK(source->get().value() == Credentials{"a", "s"});
  CHECK(source->current()->secret_access_key == "s");
}

}  // namespace
}  // namespace sluice::aws
