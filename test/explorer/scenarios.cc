// The tables of what is explored. Long because they are tables: an entry for each scenario and for
// each hole, beside what makes processes of them.
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
  bool cursor_is_the_fills = true;  // Not the unit's, for all its fills
  bool first_may_leave = false, last_resumes = true;
  uint32_t crashes = 1, strays = 1, lapses = 0;
  bool waits = false;         // In front of another's claim; how long is the search's choice.
  uint32_t renewals = 0;      // Of a claim at most
  bool sweeps_twins = false;  // Before an intent, and after a failure
  bool second_redoes = true;  // Of two runs
  std::vector<std::string> sweepers = {};  // Who sweep what was listed before the record was read
  // What recovers: settle, then a run; else a plain run, and the sweep that belongs to it.
  bool settles = true, sweeps = true;
  bool all_arrive = false;
  bool is_long = false;
  uint64_t model_states = 0, model_worlds = 0;
};

World earlier(const Outputs& outputs) {
  World world;
  const ledger::UnitPtr unit = unit_for("", {});
  Record record{.job = "job", .unit = "u", .epoch = 1};
  ledger::Manifest manifest{.epoch = 1, .run = "O", .fingerprint = "f"};
  for (const auto& [key, content] : outputs) {
    manifest.outputs.push_back({Key(key), ETag(content)});
    world.objects[key] = {{}, content, unit->mark(1).str()};
  }
  record.manifest = std::move(manifest);
  const std::string body = print(record);
  world.objects[record_key] = {body, etag_of_text(body), {}};
  return world;
}

Task settler(const std::string& name, const Rules& rules) {
  return {.kind = Task::Kind::settle, .name = name, .unit = unit_for(name, rules)};
}

Task sweeper(const std::string& name, const Rules& rules) {
  return {.kind = Task::Kind::sweep, .name = name, .unit = unit_for(name, rules)};
}

// The model knows neither of these two.
Rules rules_of(const Shape& shape) {
  Rules rules = shape.rules;
  if (shape.model_worlds > 0) rules.sweep_again = rules.list_if_checkpoint = false;
  return rules;
}

Task runner(const std::string& name, Outputs outputs, const Shape& shape,
            const std::string& catalogue) {
  return {.kind = Task::Kind::run,
          .name = name,
          .outputs = std::move(outputs),
          .catalogue = shape.catalogue ? "cat " + catalogue : "",
          .waits = shape.waits,
          .renewals = shape.renewals,
          .sweeps_twins = shape.sweeps_twins,
          .unit = unit_for(name, rules_of(shape))};
}

Scenario common(std::string name, const Shape& shape) {
  Scenario scenario{
      .name = std::move(name), .store = shape.store, .abort_ok = wanted, .model_text = model_text};
  scenario.crashes = shape.crashes;
  scenario.strays = shape.strays;
  scenario.lapses = shape.lapses;
  scenario.all_arrive = shape.all_arrive;
  scenario.is_long = shape.is_long;
  scenario.model_states = shape.model_states;
  scenario.model_worlds = shape.model_worlds;
  return scenario;
}

// Who settles, or sweeps, beside the runs; and how it comes to rest afterwards: by settle, or by
// the next plain run and the sweep that belongs to it.
void add_others(Scenario& scenario, const Shape& shape, Task again) {
  const Rules rules = rules_of(shape);
  for (const std::string& name : shape.settlers) scenario.processes.push_back(settler(name, rules));
  for (const std::string& name : shape.sweepers) scenario.processes.push_back(sweeper(name, rules));
  again.waits = again.sweeps_twins = false;
  again.renewals = 0;
  if (shape.settles) {
    scenario.recover = {settler("R1", rules), again, settler("R3", rules)};
  } else {
    scenario.recover = {again};
    if (shape.sweeps) scenario.recover.push_back(sweeper("R3", rules));
  }
}

// Concurrent runs of one unit, each with outputs of its own; `settlers` settle meanwhile.
Scenario bounded(std::string name, const Shape& shape) {
  Scenario scenario = common(std::move(name), shape);
  for (const auto& [run, outputs] : shape.runs) {
    scenario.processes.push_back(runner(run, outputs, shape, run));
  }
  if (scenario.processes.size() > 1) scenario.processes[1].redo = shape.second_redoes;
  Task again = runner("R2", lake({{"k1", "r"}}), shape, "R");
  again.redo = false;
  add_others(scenario, shape, std::move(again));
  if (shape.before) scenario.world = earlier(*shape.before);
  scenario.always = readers;
  scenario.final = exactly;
  // A run that need not redo anything may end by what was committed before.
  const uint64_t before = shape.before && shape.second_redoes ? 1 : 0;
  scenario.ended = [before](const World& world, const Results& results) {
    return done_means_done(world, results, before);
  };
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
                .waits = shape.waits,
                .renewals = shape.renewals,
                .walks_off = shape.model_worlds > 0,
                .unit = unit_for(run, rules_of(shape))};
  };
  scenario.processes = {owner("A"), owner("B")};
  add_others(scenario, shape, owner("R2"));
  scenario.always = stream_always;
  scenario.final = [count = shape.messages](const World& world, const Results&) {
    return stream_final(world, count);
  };
  if (shape.one_pass) {
    scenario.ended = [](const World& world, const Results& results) {
      return done_means_done(world, results, 0);
    };
  }
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
                .keeps_cursor = !shape.cursor_is_the_fills,
                .waits = shape.waits,
                .renewals = shape.renewals,
                .sweeps_twins = shape.sweeps_twins,
                .unit = unit_for(run, rules_of(shape))};
  };
  for (const std::string& run : shape.attempts) scenario.processes.push_back(attempt(run));
  scenario.processes[0].may_fail = shape.first_may_fail;
  scenario.processes[0].may_leave = shape.first_may_leave;
  scenario.processes.back().resumes = shape.last_resumes;
  Task again = attempt("R2");
  again.redo = false;
  again.resumes = shape.last_resumes;
  add_others(scenario, shape, std::move(again));
  scenario.always = readers;
  scenario.final = each_page_once;
  if (!shape.settles && !shape.sweeps) {
    // Only a claim lists then, and after a commit there is none.
    scenario.final = [](const World& world, const Results& results) {
      return results.at("A") == "won" ? "" : each_page_once(world, results);
    };
  }
  scenario.ended = [](const World& world, const Results& results) {
    return done_means_done(world, results, 0);
  };
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

// Leases and sweeps: of later times than the model. Whether a claim is stale is the search's choice
// at every look, so what holds here holds whatever clocks say.
std::vector<Scenario> lease_scenarios() {
  const Outputs k2 = lake({{"k2", "o"}});
  const Runs small_two = {{"A", lake({{"k1", "a"}})}, {"B", lake({{"k1", "b"}})}};
  return {
      bounded("leases: two runs, each may wait or take over",
              {.runs = small_two, .waits = true, .renewals = 1, .is_long = true}),
      bounded("leases: two runs, a write astray",
              {.runs = small_two, .crashes = 0, .waits = true, .renewals = 1}),
      bounded("leases: again, {k2} before",
              {.before = k2, .runs = two, .strays = 0, .waits = true, .renewals = 1}),
      bounded("leases: uploads lapse", {.runs = small_two,
                                        .crashes = 0,
                                        .strays = 0,
                                        .lapses = 1,
                                        .waits = true,
                                        .renewals = 1}),
      api("leases: an API unit", {.crashes = 0, .strays = 0, .waits = true, .renewals = 1}),
      api("leases: an API unit, resumed",
          {.strays = 0, .waits = true, .renewals = 1, .is_long = true}),
      api("leases: an API unit, a write astray",
          {.crashes = 0, .waits = true, .renewals = 1, .is_long = true}),
      stream("leases: a stream's owners",
             {.messages = 2, .strays = 0, .waits = true, .renewals = 1}),
      stream("leases: passes",
             {.messages = 2, .one_pass = true, .strays = 0, .waits = true, .renewals = 1}),
      stream("leases: passes, a write astray", {.messages = 2,
                                                .one_pass = true,
                                                .crashes = 0,
                                                .waits = true,
                                                .renewals = 1,
                                                .is_long = true}),
      bounded("a redo dies, a plain run clears it away", {.before = k2,
                                                          .runs = small_two,
                                                          .waits = true,
                                                          .second_redoes = false,
                                                          .settles = false}),
      bounded("the next run's sweep, without settle", {.runs = two, .settles = false}),
      bounded("sweeps beside two runs",
              {.runs = small_two, .strays = 0, .sweepers = {"S"}, .settles = false}),
      bounded(
          "sweeps of twins",
          {.before = k2, .runs = small_two, .crashes = 0, .sweeps_twins = true, .settles = false}),
      api("API unit, stopped, gone on with",
          {.first_may_leave = true, .strays = 0, .settles = false}),
      api("API unit, stopped, begun anew by another form of the job",
          {.first_may_leave = true, .last_resumes = false, .strays = 0, .settles = false}),
      api("API unit, stopped, its checkpoint dropped by the next claim", {.attempts = {"A"},
                                                                          .first_may_leave = true,
                                                                          .last_resumes = false,
                                                                          .crashes = 0,
                                                                          .strays = 0,
                                                                          .settles = false,
                                                                          .sweeps = false}),
      api("API unit, an attempt fails, its twin is swept by the next claim",
          {.attempts = {"A"},
           .first_may_fail = true,
           .crashes = 0,
           .settles = false,
           .sweeps = false,
           .all_arrive = true}),
      api("API unit, fails, twins are swept",
          {.first_may_fail = true, .crashes = 0, .sweeps_twins = true, .settles = false}),
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
      {"the cursor is the fill's",
       api("an upload that was resumed is gone, and so are its pages",
           {.cursor_is_the_fills = false, .crashes = 1, .strays = 0, .lapses = 1})},
      {"keep_leftovers",
       stream("a broken span's keys are forgotten",
              {.rules = without(&Rules::keep_leftovers), .messages = 2, .strays = 0, .lapses = 1})},
      {"list_if_checkpoint", api("a checkpoint that is dropped, and no list before the claim",
                                 {.rules = without(&Rules::list_if_checkpoint),
                                  .attempts = {"A"},
                                  .first_may_leave = true,
                                  .last_resumes = false,
                                  .crashes = 0,
                                  .strays = 0,
                                  .settles = false,
                                  .sweeps = false})},
      {"list_if_failed", api("a failed attempt's twin, and no list before the claim",
                             {.rules = without(&Rules::list_if_failed),
                              .attempts = {"A"},
                              .first_may_fail = true,
                              .crashes = 0,
                              .settles = false,
                              .sweeps = false,
                              .all_arrive = true})},
  };
}

}  // namespace sluice::explorer
