// For the ledger's tests: drives a machine over a store in memory, one call after another, the last
// begun first; and plays the sink.
#pragma once

#include <doctest/doctest.h>

#include <algorithm>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/checksum.h"
#include "ledger/unit_run.h"
#include "store/memory.h"

namespace sluice::ledger {

inline UnitPtr unit_for(std::string run, std::string fingerprint = "f") {
  Unit unit{.job = "trail", .id = "u"};
  unit.names = Names::of_unit("lake/", "u");
  unit.state_prefix = "state/";
  unit.run = std::move(run);
  unit.fingerprint = std::move(fingerprint);
  unit.host = "h1";
  unit.since = "2024-02-09T01:00:00Z";
  unit.share_bytes = 24 << 20;
  return std::make_shared<const Unit>(std::move(unit));
}

class Driver {
 public:
  MemoryStore& store() { return *store_; }
  // The n-th call from now on (1: the next) gets this error, and reaches the store only if
  // `reaches`.
  void fail_next(uint32_t nth, ErrorKind kind, bool reaches = false) {
    nth_ = nth, kind_ = kind, reaches_ = reaches;
  }
  uint32_t open_most = 0;  // Calls that were open at once
  uint32_t calls = 0;
  uint32_t repeated = 0;  // Calls with attempt > 0

  template <class Machine>
  void drive(Machine& machine) {
    std::vector<Call> open;
    for (;;) {
      while (auto call = machine.next()) open.push_back(std::move(*call));
      open_most = std::max<uint32_t>(open_most, open.size());
      if (open.empty()) return;
      Call call = std::move(open.back());  // The last begun is the first answered.
      open.pop_back();
      ++calls;
      repeated += call.attempt > 0;
      const uint32_t id = call.id;
      machine.take(id, answer(std::move(call.request)));
    }
  }
  Result<Answer> answer(Request request) {
    if (nth_ > 0 && --nth_ == 0) {
      if (reaches_) static_cast<void>(call(*store_, std::move(request)));
      return Error{kind_, "as the test wants it"};
    }
    return call(*store_, std::move(request));
  }

  Upload upload(const Key& key, const Mark& mark, std::string_view bytes) {
    const auto id = call_for<UploadId>(*store_, CreateUpload{key, mark});
    REQUIRE(id.ok());
    Request part = PutPart{key, *id, 1, Buffer::of(bytes)};
    std::get<PutPart>(part).crc32c = crc32c(bytes);
    const auto tag = call_for<PartTag>(*store_, std::move(part));
    REQUIRE_MESSAGE(tag.ok(), tag.error().message);
    return {.key = key, .id = *id, .mark = mark, .parts = {*tag}};
  }
  Record record() {
    const auto body = call_for<Body>(*store_, Get{.key = Key("state/trail/u.json")});
    REQUIRE(body.ok());
    auto record = parse_record(body->bytes.view(), Key("state/trail/u.json"));
    REQUIRE_MESSAGE(record.ok(), record.error().message);
    return std::move(*record);
  }
  std::string visible() {
    std::string text;
    for (const auto& [key, bytes] : store_->objects()) {
      if (key.view().starts_with("lake/")) text += key.str().substr(5) + "=" + bytes + " ";
    }
    return text;
  }

 private:
  std::unique_ptr<MemoryStore> store_ = make_memory_store();
  uint32_t nth_ = 0;
  ErrorKind kind_ = ErrorKind::transient;
  bool reaches_ = false;
};

using Objects = std::vector<std::pair<std::string, std::string>>;

inline Intent fill(Driver& driver, UnitRun& run, const Objects& objects, uint64_t end = 0) {
  Intent intent{.end = end};
  for (const auto& [name, bytes] : objects) {
    intent.uploads.push_back(driver.upload(Key("lake/" + name), run.mark(), bytes));
  }
  return intent;
}

inline UnitRun::Outcome run_once(Driver& driver, const UnitPtr& unit, const Objects& objects,
                                 UnitRunOptions options = {}) {
  UnitRun run(unit, options);
  driver.drive(run);
  while (run.wants_fill()) {
    run.fill(fill(driver, run, objects));
    driver.drive(run);
  }
  REQUIRE(run.done());
  REQUIRE_MESSAGE(!run.error(), run.error()->message);
  return run.outcome();
}

}  // namespace sluice::ledger
