#include <array>
#include <atomic>

#include "meter/meter.h"
#include "meter/trace_for_tests.h"
#include "store/contract.h"
#include "store/faulty.h"
#include "store/memory.h"
#include "store/metered.h"
#include "store/slow.h"

namespace sluice {
namespace {

class CountingObserver : public CallObserver {
 public:
  void on_call(size_t verb, const Answered& answered, bool is_failed) override {
    const Timing& timing = answered.timing;
    ++calls[verb];
    bytes += timing.bytes;
    failed += is_failed ? 1 : 0;
    if (timing.ended < timing.started) ++backwards;
  }
  std::array<std::atomic<int>, 10> calls{};
  std::atomic<uint64_t> bytes = 0;
  std::atomic<int> failed = 0, backwards = 0;
};

class MeteredSubject : public contract::Subject {
 public:
  ~MeteredSubject() override { CHECK(observer_.backwards == 0); }
  Store& store() override { return *store_; }

 private:
  CountingObserver observer_;
  const std::unique_ptr<MemoryStore> memory_ = make_memory_store();
  const std::unique_ptr<Store> store_ = make_metered_store(*memory_, observer_);
};

class SlowSubject : public contract::Subject {
 public:
  Store& store() override { return *faulty_; }

 private:
  const std::unique_ptr<MemoryStore> memory_ = make_memory_store();
  const std::unique_ptr<SlowStore> slow_ = make_slow_store(*memory_, {.latency = 20'000});
  const std::unique_ptr<FaultyStore> faulty_ = make_faulty_store(*slow_);
};

contract::Client client_of(Store& store) {
  return {store, ""};
}

}  // namespace

TEST_CASE("a metered store keeps the contract") {
  contract::check_store([] { return std::make_unique<MeteredSubject>(); });
}

TEST_CASE("a slow store, seen through a faulty one without faults, keeps the contract") {
  contract::check_store([] { return std::make_unique<SlowSubject>(); });
}

TEST_CASE("every call is counted by its verb, with its bytes, and failures apart") {
  const auto memory = make_memory_store();
  CountingObserver observer;
  const auto store = make_metered_store(*memory, observer);
  const contract::Client client = client_of(*store);
  contract::require_ok(client.put("x", "12345"));
  CHECK(client.text("x") == "12345");
  CHECK_FALSE(client.get("y").ok());
  CHECK_FALSE(client.put("x", "1", Absent{}).ok());
  CHECK_FALSE(client.put("", "1").ok());
  CHECK(observer.calls[Request(Get{}).index()] == 2);
  CHECK(observer.calls[Request(Put{}).index()] == 3);
  CHECK(observer.failed == 1);
  CHECK(observer.bytes >= 10);

  Meter meter;
  const auto into_meter = make_meter_observer(meter, Side::lake);
  const auto metered = make_metered_store(*memory, *into_meter);
  CHECK(client_of(*metered).text("x") == "12345");
  CHECK(meter.call(Side::lake, 0).snapshot("get").count == 1);
  CHECK(meter.call(Side::lake, 0).snapshot("get").bytes == 5);
}

TEST_CASE("a trace is told of each call by its name, whose it was, and how it ended") {
  const auto memory = make_memory_store();
  RememberedTrace trace;
  trace.own(7, "2024-02-08");
  Meter meter(&trace);
  const auto observer = make_meter_observer(meter, Side::lake);
  const auto store = make_metered_store(*memory, *observer);
  Inbox inbox;
  TicketSeries of_unit(7), of_nobody(8);
  store->start(Put{Key("x"), "12345"}, Lease(), of_unit.next(), inbox);
  inbox.wait();
  store->start(Get{Key("x")}, Lease(), of_nobody.next(), inbox);
  inbox.wait();
  store->start(Put{Key(""), "1"}, Lease(), of_unit.next(), inbox);
  const auto told = trace.of(Interval::Kind::request);
  REQUIRE(told.size() == 3);  // Before the answer is taken
  CHECK(told[0].name == "lake put");
  CHECK(told[0].unit == "2024-02-08");
  CHECK(told[0].interval.bytes == 5);
  CHECK_FALSE(told[0].interval.failed);
  CHECK(told[1].name == "lake get");
  CHECK(told[1].unit.empty());
  CHECK(told[2].unit == "2024-02-08");
  CHECK(told[2].interval.failed);
  CHECK(told[0].interval.begin <= told[0].interval.end);
  CHECK(told[0].interval.end <= told[1].interval.begin);
}

TEST_CASE("a slow store answers late, all at once, and no thread sleeps for it") {
  const auto memory = make_memory_store();
  const auto slow = make_slow_store(*memory, {.latency = 200_ms});
  contract::require_ok(client_of(*memory).put("x", "bytes"));
  Inbox inbox;
  const Instant start = now();
  constexpr size_t calls = 64;
  for (Ticket t = 1; t <= calls; ++t) slow->start(Get{Key("x")}, Lease(), t, inbox);
  for (size_t i = 0; i < calls; ++i) {
    const auto event = inbox.wait();
    const auto& answered = static_cast<Answered&>(*event);
    CHECK(answered.answer.ok());
    CHECK(answered.timing.ended - answered.timing.started >= 200_ms);
    CHECK(answered.timing.ended <= now());
  }
  const Nanoseconds took = now() - start;
  CHECK(took >= 200_ms);
  CHECK(slow->open_max() == calls);
  CHECK(slow->time_with_open(calls) > 0);
  CHECK(slow->time_with_open(1) <= took);
  CHECK(slow->time_with_open(1) >= 200_ms);
  CHECK(slow->time_with_open(calls + 1) == 0);
  CHECK(slow->calls() == calls);
}

TEST_CASE("latency may depend on the request") {
  const auto memory = make_memory_store();
  const auto slow = make_slow_store(*memory, {.latency_of = [](const Request& request) {
    return verb(request) == "put" ? Nanoseconds{5_ms} : 0;
  }});
  const Instant start = now();
  contract::require_ok(client_of(*slow).put("x", "bytes"));
  CHECK(now() - start >= 5_ms);
}

TEST_CASE("the n-th call fails on cue, with or without having happened") {
  const auto memory = make_memory_store();
  const auto faulty = make_faulty_store(
      *memory, {{{FaultKind::fail, 2}, {FaultKind::lose_answer, 3}, {FaultKind::fail, 1, "head"}}});
  const contract::Client client = client_of(*faulty);
  contract::require_ok(client.put("1", "x"));
  const auto failed = client.put("2", "x");
  REQUIRE_FALSE(failed.ok());
  CHECK(failed.error() == Error{ErrorKind::transient, "put 2: connection lost"});
  CHECK(contract::kind(client.put("3", "x")) == ErrorKind::transient);
  CHECK(contract::kind(client.head("1")) == ErrorKind::transient);
  contract::require_ok(client.head("1"));
  CHECK(client.list() == std::vector<std::string>{"1", "3"});
  CHECK(faulty->calls() == 6);
  CHECK(faulty->calls("put") == 3);
  CHECK(faulty->faults() == 3);
}

TEST_CASE("a half-written part is there, but not as its sender knows it") {
  const auto memory = make_memory_store();
  const auto faulty = make_faulty_store(*memory, {{{FaultKind::half_write, 1, "put_part"}}});
  const contract::Client client = client_of(*faulty);
  const UploadId id = client.create("x", "m");
  CHECK(contract::kind(client.part("x", id, 1, Buffer::of("whole part"))) == ErrorKind::transient);
  const UploadId other = client.create("y", "m");
  const PartTag whole = client.tag("y", other, 1, Buffer::of("whole part"));
  CHECK(contract::kind(client.complete("x", id, {whole})) == ErrorKind::conflict);
  contract::require_ok(
      client.complete("x", id, {client.tag("x", id, 1, Buffer::of("whole part"))}));
  CHECK(client.text("x") == "whole part");
}

TEST_CASE("a death comes before the call or after it") {
  const auto memory = make_memory_store();
  int deaths = 0;
  const auto faulty = make_faulty_store(
      *memory, {{{FaultKind::die_before, 1}, {FaultKind::die_after, 2}}, [&] { ++deaths; }});
  const contract::Client client = client_of(*faulty);
  CHECK(contract::kind(client.put("1", "x")) == ErrorKind::cancelled);
  CHECK(contract::kind(client.put("2", "x")) == ErrorKind::cancelled);
  CHECK(deaths == 2);
  CHECK(client.list() == std::vector<std::string>{"2"});
}

TEST_CASE("a stalled store has done it, and answers when it is released") {
  const auto memory = make_memory_store();
  const auto faulty = make_faulty_store(*memory, {{{FaultKind::stall, 0, "put"}}});
  Inbox inbox;
  for (Ticket t = 1; t <= 3; ++t) faulty->start(Put{Key("x"), "1"}, Lease(), t, inbox);
  CHECK(inbox.take_if_any() == nullptr);
  CHECK(faulty->stalled() == 3);
  CHECK(memory->objects().size() == 1);
  faulty->release();
  for (Ticket t = 1; t <= 3; ++t) CHECK(inbox.wait()->ticket == t);
  contract::require_ok(client_of(*faulty).put("y", "1"));
}

}  // namespace sluice
