#include "job/recorded_inputs.h"

#include <doctest/doctest.h>

#include "store/faulty.h"
#include "store/memory.h"

namespace sluice {
namespace {

constexpr uint64_t pieces = 4, piece_inputs = 100;

std::string key_of(uint64_t number) {
  return "in/" + std::to_string(1'000 + number) + "\xE9";
}

}  // namespace

TEST_CASE("of a list of inputs that lies in pieces one piece at a time is read") {
  const auto memory = make_memory_store("state:");
  const ledger::Unit unit{.job = "o", .id = "once", .state_prefix = "_sluice/"};
  for (uint64_t piece = 0; piece < pieces; ++piece) {
    std::vector<ledger::Input> inputs;
    for (uint64_t i = 0; i < piece_inputs; ++i)
      inputs.push_back(
          {.key = Key(key_of(piece * piece_inputs + i)), .etag = ETag("e"), .bytes = i});
    const Key key = unit.side_key(unit.inputs_file(7, piece));
    REQUIRE(call(*memory, Put{key, ledger::print_inputs(inputs)}).ok());
  }
  const auto state = make_faulty_store(*memory, {});
  const ledger::Inputs inputs{
      .file = unit.inputs_file(7, 0), .pieces = pieces, .count = pieces * piece_inputs};
  RecordedInputs recorded(inputs, unit, *state);
  CHECK(state->calls() == 0);
  for (uint64_t number = 0; number < pieces * piece_inputs; ++number) {
    const auto input = recorded.next();
    REQUIRE(input.ok());
    REQUIRE(*input);
    CHECK((*input)->key.view() == key_of(number));
    REQUIRE(state->calls() == number / piece_inputs + 1);
  }
  const auto end = recorded.next();
  REQUIRE(end.ok());
  CHECK_FALSE(*end);
}

}  // namespace sluice
