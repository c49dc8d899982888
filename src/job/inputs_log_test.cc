#include "job/inputs_log.h"

#include <doctest/doctest.h>

#include "job/recorded_inputs.h"
#include "store/staged.h"

namespace sluice {
namespace {

const ledger::Unit unit{.job = "o", .id = "once", .state_prefix = "_sluice/"};

std::string key_of(uint64_t number) {
  return "in/" + std::string(1'000, 'k') + std::to_string(1'000'000 + number);
}

struct Logged {
  StagedStore state;
  Inbox inbox;
  InputsLog log{unit, 7, state, inbox, TicketSeries(1)};
  uint64_t count = 0;

  void add_piece() {
    for (size_t bytes = 0; bytes < InputsLog::piece_bytes; bytes += key_of(count).size()) {
      Document document;
      document.key = Key(key_of(count++));
      document.etag = ETag("e");
      log.add(document);
      log.start_what_fits();
    }
  }
  void answer_all() {
    while (state.release_one()) {
      while (auto event = inbox.take_if_any()) log.on(*event);
      log.start_what_fits();
    }
  }
  // That are written, from the first on.
  uint64_t written() {
    const ledger::Inputs inputs = log.inputs();
    RecordedInputs recorded(inputs, unit, state.inner());
    uint64_t number = 0;
    for (;;) {
      const auto input = recorded.next();
      REQUIRE(input.ok());
      if (!*input) return number;
      REQUIRE((*input)->key.view() == key_of(number++));
    }
  }
};

}  // namespace

TEST_CASE("the pieces of a list of inputs don't wait for each other") {
  Logged logged;
  for (int i = 0; i < 3; ++i) logged.add_piece();
  logged.log.finish();
  logged.log.start_what_fits();
  CHECK(logged.state.open() >= 3);
  CHECK_FALSE(logged.log.finished());
  logged.answer_all();
  REQUIRE(logged.log.finished());
  CHECK(logged.written() == logged.count);
}

TEST_CASE("a store that is slow to take the list of inputs stops the reading, not the memory") {
  Logged logged;
  uint64_t pieces = 0;
  for (; pieces < 100 && !logged.log.full(); ++pieces) logged.add_piece();
  CHECK(logged.state.open() == InputsLog::pieces_at_once);
  CHECK(pieces <= InputsLog::pieces_at_once + 1);
  logged.answer_all();
  CHECK_FALSE(logged.log.full());
  logged.log.finish();
  logged.log.start_what_fits();
  logged.answer_all();
  CHECK(logged.written() == logged.count);
}

TEST_CASE("a piece of the list of inputs whose answer was lost is written again as what it was") {
  Logged logged;
  uint64_t puts = 0;
  logged.state.fault = [&](const Request&) -> std::optional<Error> {
    if (++puts % 2 == 1) return Error{ErrorKind::transient, "connection lost"};
    return std::nullopt;
  };
  for (int i = 0; i < 4; ++i) logged.add_piece();
  logged.log.finish();
  logged.log.start_what_fits();
  logged.answer_all();
  REQUIRE(logged.log.finished());
  CHECK(logged.log.status().ok());
  CHECK(logged.written() == logged.count);
}

TEST_CASE("a list of inputs that can't be written is an error, once nothing is under way") {
  Logged logged;
  logged.state.fault = [](const Request&) { return Error{ErrorKind::denied, "no"}; };
  for (int i = 0; i < 3; ++i) logged.add_piece();
  logged.answer_all();
  CHECK(logged.log.idle());
  CHECK(logged.log.status().error().message.find("the list of inputs") != std::string::npos);
}

}  // namespace sluice
