#include "explorer/scenarios.h"

#include <memory>
#include <optional>

#include "explorer/checks.h"
#include "ledger/record.h"

namespace sluice::explorer {

namespace {

using ledger::Record;
using ledger::Rules;

ledger::UnitPtr unit_for(const std::string& run, const Rules& rules) {
  using Kind = ledger::NamePiece::Kind;
  ledger::Unit unit{.job = "job", .id = "u"};
  unit.names = ledger::Names::of_template("lake/", {{Kind::text, "u-"}, {Kind::value}});
  unit.state_prefix = "state/";
  unit.fingerprint = "f";
  unit.run = run;
  unit.rules = rules;
  return std::make_shared<const ledger::Unit>(std::move(unit));
}

// ---- scenarios ----------------------------------------------------------------------------------

using Runs = std::vector<std::pair<std::string, Outputs>>;

Outputs lake(std::initializer_list<std::pair<const char*, const char*>> objects) {
  Outputs outputs;
  for (const auto& [name, content] : objects)
    outputs.push_back({std::string("lake/u-") + name, content});
  return outputs;
}

struct Shape {
  Rules rules = {};
  std::optional<Outputs> before = {};  // What epoch 1 has committed
  Runs runs = {};
  bool catalogue = false;
  std::vector<std::string> settlers = {};
  StoreKind store = {};
  uint64_t messages = 3;                           // Streams
  bool one_pass = false;                           // ... whose owners make one span and end
  std::vector<std::string> attempts = {"A", "B"};  // API units
  bool first_may_fail = false, copies_on_resume = true, fills_on = false;
  uint32_t crashes = 1, strays = 1, lapses = 0;
  uint64_t model_states = 0, model_worlds = 0;
};

World earlier(const Outputs& outputs) {
  World world;
  const ledger::UnitPtr unit = unit_for("", {});
  Record record{.job = "job", .unit = "u", .epoch = 1};
  record.manifest = ledger::Manifest{.epoch = 1, .run = "O", .fingerprint = "f"};
  for (const auto& [key, content] : outputs) {
    record.manifest->outputs.push_back({Key(key), ETag(content)});
    world.objects[key] = {{}, content, unit->mark(1).str()};
  }
  const std::string body = print(record);
  world.objects[record_key] = {body, etag_of_text(body), {}};
  return world;
}

Task settler(const std::string& name, const Rules& rules) {
  return {.kind = Task::Kind::settle, .name = name, .unit = unit_for(name, rules)};
}

Task runner(const std::string& name, Outputs outputs, const Shape& shape,
            const std::string& catalogue) {
  return {.kind = Task::Kind::run,
          .name = name,
          .outputs = std::move(outputs),
          .catalogue = shape.catalogue ? "cat " + catalogue : "",
          .unit = unit_for(name, shape.rules)};
}

Scenario common(std::string name, const Shape& shape) {
  Scenario scenario{
      .name = std::move(name), .store = shape.store, .abort_ok = wanted, .model_text = model_text};
  scenario.crashes = shape.crashes;
  scenario.strays = shape.strays;
  scenario.lapses = shape.lapses;
  scenario.model_states = shape.model_states;
  scenario.model_worlds = shape.model_worlds;
  return scenario;
}

// Concurrent runs of one unit, each with outputs of its own; `settlers` settle meanwhile.
Scenario bounded(std::string name, const Shape& shape) {
  Scenario scenario = common(std::move(name), shape);
  for (const auto& [run, outputs] : shape.runs) {
    scenario.processes.push_back(runner(run, outputs, shape, run));
  }
  for (const std::string& run : shape.settlers)
    scenario.processes.push_back(settler(run, shape.rules));
  Task again = runner("R2", lake({{"k1", "r"}}), shape, "R");
  again.redo = false;
  scenario.recover = {settler("R1", shape.rules), again, settler("R3", shape.rules)};
  if (shape.before) scenario.world = earlier(*shape.before);
  scenario.always = readers;
  scenario.final = exactly;
  return scenario;
}

// One partition; each owner may be overtaken by the next and go on as a zombie.
Scenario stream(std::string name, const Shape& shape) {
  Scenario scenario = common(std::move(name), shape);
  const auto owner = [&](const std::string& run) {
    return Task{.kind = Task::Kind::consume,
                .name = run,
                .messages = shape.messages,
                .one_pass = shape.one_pass && run.front() != 'R',
                .unit = unit_for(run, shape.rules)};
  };
  scenario.processes = {owner("A"), owner("B")};
  scenario.recover = {settler("R1", shape.rules), owner("R2"), settler("R3", shape.rules)};
  scenario.always = stream_always;
  scenario.final = [count = shape.messages](const World& world, const Results&) {
    return stream_final(world, count);
  };
  return scenario;
}

// Attempts of one API unit, each resuming the earlier one's upload; the earlier ones may be
// zombies.
Scenario api(std::string name, const Shape& shape) {
  Scenario scenario = common(std::move(name), shape);
  const auto attempt = [&](const std::string& run) {
    return Task{.kind = Task::Kind::ingest,
                .name = run,
                .copies = shape.store.in_place_parts && shape.copies_on_resume,
                .fills_on = shape.fills_on,
                .unit = unit_for(run, shape.rules)};
  };
  for (const std::string& run : shape.attempts) scenario.processes.push_back(attempt(run));
  scenario.processes[0].may_fail = shape.first_may_fail;
  Task again = attempt("R2");
  again.redo = false;
  scenario.recover = {settler("R1", shape.rules), again, settler("R3", shape.rules)};
  scenario.always = readers;
  scenario.final = each_page_once;
  return scenario;
}

const Runs two = {{"A", lake({{"k1", "a"}, {"k2", "a"}})}, {"B", lake({{"k1", "b"}})}};
const Runs both = {{"A", lake({{"k1", "a"}, {"k2", "a"}})},
                   {"B", lake({{"k1", "b"}, {"k2", "b"}})}};
const Runs swapped = {{"A", lake({{"k1", "a"}})}, {"B", lake({{"k2", "b"}})}};
const Runs three = {{"A", lake({{"k1", "a"}})}, {"B", lake({{"k2", "b"}})}, {"C", {}}};
const Runs same_bytes = {{"A", lake({{"k1", "a"}})}, {"B", lake({{"k2", "o"}})}};
const Outputs old = lake({{"k1", "o"}, {"k3", "o"}});

Rules without(bool Rules::*rule) {
  Rules rules;
  rules.*rule = false;
  return rules;
}

}  // namespace

std::vector<Scenario> scenarios() {
  const Outputs k2 = lake({{"k2", "o"}}), k1k2 = lake({{"k1", "o"}, {"k2", "o"}});
  return {
      bounded("unit, first time: {k1 k2} against {k1}",
              {.runs = two, .crashes = 2, .strays = 0, .model_states = 3'769, .model_worlds = 64}),
      bounded("unit, again: {k1 k2} against {k1}, {k1 k3} before",
              {.before = old, .runs = two, .model_states = 109'955, .model_worlds = 599}),
      bounded("unit, again: {k1} against {k2}, catalogue", {.before = k2,
                                                            .runs = swapped,
                                                            .catalogue = true,
                                                            .crashes = 2,
                                                            .model_states = 57'276,
                                                            .model_worlds = 340}),
      bounded("unit, uploads lapse", {.before = old,
                                      .runs = two,
                                      .strays = 0,
                                      .lapses = 1,
                                      .model_states = 60'826,
                                      .model_worlds = 562}),
      bounded("unit, uploads lapse, somebody settles meanwhile", {.runs = {two[0]},
                                                                  .settlers = {"S"},
                                                                  .strays = 0,
                                                                  .lapses = 1,
                                                                  .model_states = 22'774,
                                                                  .model_worlds = 79}),
      bounded("unit, three runs, one of them empty", {.before = k2,
                                                      .runs = three,
                                                      .crashes = 0,
                                                      .strays = 0,
                                                      .model_states = 73'455,
                                                      .model_worlds = 452}),
      bounded("unit, the same bytes come back",
              {.before = k1k2, .runs = same_bytes, .model_states = 41'502, .model_worlds = 275}),
      api("API unit, resumed under a zombie", {.model_states = 130'232, .model_worlds = 853}),
      api("API unit, resumed twice", {.attempts = {"A", "B", "C"},
                                      .crashes = 0,
                                      .strays = 0,
                                      .model_states = 826'010,
                                      .model_worlds = 3'244}),
      api("API unit, an attempt fails", {.rules = without(&Rules::list_if_failed),
                                         .first_may_fail = true,
                                         .strays = 0,
                                         .model_states = 6'995,
                                         .model_worlds = 213}),
      api("API unit, uploads lapse",
          {.strays = 0, .lapses = 1, .model_states = 79'960, .model_worlds = 741}),
      api("API unit, parts in one hidden file", {.store = {.in_place_parts = true},
                                                 .strays = 0,
                                                 .model_states = 5'364,
                                                 .model_worlds = 175}),
      // What the model has not: the next claim sweeps what a failed run could not abort any more,
      // and the next part is put while a checkpoint is written.
      api("API unit, an attempt fails, the next sweeps", {.first_may_fail = true, .strays = 0}),
      api("API unit, filled on during a checkpoint", {.fills_on = true, .strays = 0}),
      api("API unit, filled on, an attempt fails, a lapse",
          {.first_may_fail = true, .fills_on = true, .crashes = 0, .strays = 0, .lapses = 1}),
      stream("stream, two owners", {.strays = 0, .model_states = 64'708, .model_worlds = 955}),
      stream("stream, uploads lapse", {.messages = 2,
                                       .strays = 0,
                                       .lapses = 1,
                                       .model_states = 242'094,
                                       .model_worlds = 1'297}),
      // What the model has not: an owner gives up its claim with its commit.
      stream("passes of an incremental source", {.one_pass = true, .strays = 0}),
      stream("passes, uploads lapse", {.messages = 2, .one_pass = true, .strays = 0, .lapses = 1}),
  };
}

// A stray besides: half a minute of one core.
std::vector<Scenario> deep_scenarios() {
  return {
      bounded("unit, first time: {k1 k2} against {k1}",
              {.runs = two, .crashes = 2, .model_states = 63'265, .model_worlds = 329}),
      bounded("unit, uploads lapse", {.before = old,
                                      .runs = two,
                                      .lapses = 1,
                                      .model_states = 1'530'866,
                                      .model_worlds = 3'918}),
  };
}

// Long because it is a table: an entry for each hole.
std::vector<Hole> holes() {
  const Outputs k1 = lake({{"k1", "o"}}), k1k2 = lake({{"k1", "o"}, {"k2", "o"}});
  const Runs each_k1 = {
      {"A", lake({{"k1", "a"}})}, {"B", lake({{"k1", "b"}})}, {"C", lake({{"k1", "c"}})}};
  const Runs apart = {two[0], {"B", lake({{"k2", "b"}})}};
  return {
      {"list_before_claim",
       bounded("sweep lists after its claim", {.rules = without(&Rules::list_before_claim),
                                               .runs = each_k1,
                                               .crashes = 0,
                                               .strays = 0})},
      {"list_if_unsettled", bounded("a broken intent is dropped, its other uploads live on",
                                    {.rules = without(&Rules::list_if_unsettled),
                                     .runs = two,
                                     .settlers = {"S"},
                                     .crashes = 0,
                                     .strays = 0,
                                     .lapses = 1})},
      {"drop_by_record", bounded("what a broken intent completed is deleted at once",
                                 {.rules = without(&Rules::drop_by_record),
                                  .runs = apart,
                                  .settlers = {"S"},
                                  .crashes = 0,
                                  .strays = 0})},
      {"keep_leftovers",
       bounded("a broken intent's keys are forgotten", {.rules = without(&Rules::keep_leftovers),
                                                        .before = k1,
                                                        .runs = two,
                                                        .strays = 0,
                                                        .lapses = 1})},
      {"drop_moves_epoch",
       bounded("run again in the same epoch", {.rules = without(&Rules::drop_moves_epoch),
                                               .before = k1,
                                               .runs = both,
                                               .strays = 0,
                                               .lapses = 2})},
      {"carry_retire", bounded("a claim before step 7 was done forgets what to retire",
                               {.rules = without(&Rules::carry_retire),
                                .before = k1k2,
                                .runs = {each_k1[0], each_k1[1]},
                                .strays = 0})},
      {"retire_by_head",
       bounded("retire by the earlier manifest's ETag", {.rules = without(&Rules::retire_by_head),
                                                         .before = k1k2,
                                                         .runs = two,
                                                         .strays = 0,
                                                         .lapses = 1})},
      {"atomic_delete",
       bounded("no If-Match on DELETE: HEAD first", {.rules = without(&Rules::atomic_delete),
                                                     .before = k1k2,
                                                     .runs = swapped,
                                                     .crashes = 0,
                                                     .strays = 0})},
      {"the store: exact_delete",
       bounded("If-Match on DELETE, the same bytes come back", {.before = k1k2,
                                                                .runs = same_bytes,
                                                                .store = {.exact_delete = false},
                                                                .crashes = 0,
                                                                .strays = 0})},
      {"catalogue_checked", bounded("a late catalogue change is never looked at again",
                                    {.rules = without(&Rules::catalogue_checked),
                                     .runs = two,
                                     .catalogue = true,
                                     .strays = 0})},
      {"settle_always_lists",
       bounded("settle lists only after a claim that died",
               {.rules = without(&Rules::settle_always_lists), .runs = two, .strays = 0})},
      {"record_owns_uploads", api("who fails aborts the upload that another has resumed",
                                  {.rules = without(&Rules::record_owns_uploads),
                                   .first_may_fail = true,
                                   .crashes = 0,
                                   .strays = 0})},
      {"bad_part_is_gone", api("a zombie's part under the resumer's number",
                               {.rules = without(&Rules::bad_part_is_gone), .strays = 0})},
      {"copies on resume",
       api("an upload in one file, resumed in place", {.store = {.in_place_parts = true},
                                                       .copies_on_resume = false,
                                                       .crashes = 0,
                                                       .strays = 0})},
      {"keep_leftovers",
       stream("a broken span's keys are forgotten",
              {.rules = without(&Rules::keep_leftovers), .messages = 2, .strays = 0, .lapses = 1})},
  };
}

}  // namespace sluice::explorer
