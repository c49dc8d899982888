#include "s3/store.h"

#include <doctest/doctest.h>

#include <deque>
#include <memory>
#include <string>
#include <vector>

#include "http/scripted_engine.h"

namespace sluice {
namespace {

// Exchanges in the order in which they were started, answered when the test says so.
class LateEngine : public Engine {
 public:
  ExchangeId start(std::unique_ptr<Exchange> exchange, Instant when) override {
    waiting_.push_back({std::move(exchange), when});
    return ++started;
  }
  void cancel(ExchangeId) override {}
  // When it was to go out.
  Instant answer(HttpResponse response) {
    REQUIRE_FALSE(waiting_.empty());
    const auto [exchange, when] = std::move(waiting_.front());
    waiting_.pop_front();
    REQUIRE(exchange->prepare());
    exchange->finished(std::move(response));
    return when;
  }
  bool has_one() const { return !waiting_.empty(); }

  uint64_t started = 0;

 private:
  struct Waiting {
    std::unique_ptr<Exchange> exchange;
    Instant when;
  };
  std::deque<Waiting> waiting_;
};

HttpResponse refusal(std::string_view code, Headers headers) {
  return ScriptedEngine::response(503, "<Error><Code>" + std::string(code) + "</Code></Error>",
                                  std::move(headers));
}

HttpResponse done() {
  return ScriptedEngine::response(200, "", {{"ETag", "\"e\""}});
}

// A store whose requests are answered one by one.
struct Asked {
  Asked() {
    S3Options options;
    options.bucket = Bucket("lake");
    options.base_url = "http://s3.example/lake";
    options.region = Region("eu-west-1");
    options.say = [this](const std::string& text) { said.push_back(text); };
    store = make_s3_store(std::move(options), engine, nullptr, clock);
  }
  void ask() { store->start(Put{Key("there"), "text"}, {}, ++asked, inbox); }
  // The error of what has been answered.
  Error failure() {
    const auto event = inbox.wait();
    const auto& answered = dynamic_cast<const Answered&>(*event);
    return answered.answer.ok() ? Error{} : answered.answer.error();
  }

  const Clock clock;
  LateEngine engine;
  Inbox inbox;
  std::vector<std::string> said;
  std::unique_ptr<S3Store> store;
  Ticket asked = 0;
};

TEST_CASE("a long wait that the store asks for is said at once, and once for all who wait") {
  for (const std::string_view code : {"SlowDown", "InternalError"}) {
    CAPTURE(code);
    Asked asked;
    for (int i = 0; i < 3; ++i) asked.ask();
    asked.engine.answer(refusal(code, {{"Retry-After", "5"}}));
    CHECK(asked.said.empty());
    asked.engine.answer(refusal(code, {{"Retry-After", "3600"}}));
    const std::vector<std::string> once = {"s3://lake/ asks to be left alone for 1 h 0 m: waiting"};
    CHECK(asked.said == once);
    asked.engine.answer(refusal(code, {{"x-amz-retry-after", "3600000"}}));
    CHECK(asked.said == once);
    // It is kept in full, and then all are answered.
    const Instant at = now();
    CHECK(asked.engine.answer(done()) - at < 3000_s);
    for (int i = 0; i < 2; ++i) CHECK(asked.engine.answer(done()) - at > 3500_s);
    for (int i = 0; i < 3; ++i) CHECK(asked.failure().message.empty());
  }
}

TEST_CASE("a wait of years that the store asks for isn't waited for") {
  for (const std::string_view code : {"SlowDown", "InternalError"}) {
    CAPTURE(code);
    Asked asked;
    asked.ask();
    asked.engine.answer(refusal(code, {{"Retry-After", "4294967295"}}));
    REQUIRE_FALSE(asked.engine.has_one());
    const Error error = asked.failure();
    CHECK_MESSAGE(error.message.find("; it asks to wait for ") != std::string::npos, error.message);
    CHECK(asked.engine.started == 1);
    CHECK(asked.said.empty());
  }
}

}  // namespace
}  // namespace sluice
