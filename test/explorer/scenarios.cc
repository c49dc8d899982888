#include "explorer/scenarios.h"

#include <algorithm>
#include <memory>
#include <set>
#include <sstream>
#include <unordered_map>

#include "base/text.h"
#include "ledger/record.h"

namespace sluice::explorer {

namespace {

using ledger::Record;
using ledger::Rules;

const std::string record_key = "state/job/u.json";
const std::string catalogue_key = "state/job/u.catalogue";

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

// ---- what must be true
// ---------------------------------------------------------------------------

const Record* record_in(const World& world) {
  static std::unordered_map<std::string, Record> known;
  const Object* object = world.find(record_key);
  if (object == nullptr) return nullptr;
  const auto found = known.find(object->body);
  if (found != known.end()) return &found->second;
  Result<Record> record = ledger::parse_record(object->body, Key(record_key));
  ENSURE(record.ok());
  ENSURE(print(*record) == object->body);
  return &known.insert({object->body, std::move(*record)}).first->second;
}

std::set<std::string> moving_keys(const Record& record) {
  std::set<std::string> keys;
  for (const Key& key : record.leftovers) keys.insert(key.str());
  if (record.intent) {
    for (const auto& upload : record.intent->uploads) keys.insert(upload.key.str());
  }
  return keys;
}

// Who reads the manifest and then its objects gets them, or can tell that a newer commit is under
// way.
std::string readers(const World& world) {
  const Record* record = record_in(world);
  if (record == nullptr || !record->manifest) return {};
  const std::set<std::string> moving = moving_keys(*record);
  for (const ledger::Output& output : record->manifest->outputs) {
    const Object* found = world.find(output.key.str());
    if (moving.contains(output.key.str())) continue;
    if (found == nullptr || found->etag != output.etag.str()) {
      return "the manifest of epoch " + std::to_string(record->manifest->epoch) + " has " +
             output.key.str() + "=" + output.etag.str() + ", the store has " +
             (found == nullptr ? "nothing" : found->etag + " of " + found->mark) +
             ", and no commit is under way";
    }
  }
  return {};
}

bool can_complete(const World& world, const ledger::Intent& intent) {
  for (const ledger::Upload& wanted : intent.uploads) {
    const auto upload = world.uploads.find(wanted.id.str());
    if (upload == world.uploads.end()) {
      const Object* object = world.find(wanted.key.str());
      if (object == nullptr || object->mark != wanted.mark.str()) return false;
      continue;
    }
    for (const PartTag& part : wanted.parts) {
      const auto found = upload->second.parts.find(part.number);
      if (found == upload->second.parts.end() || found->second != part.etag.str()) return false;
    }
  }
  return true;
}

// No upload that somebody can still commit is aborted by somebody else.
std::string wanted(const World& world, const Request& abort) {
  const Record* record = record_in(world);
  if (record == nullptr || !world.uploads.contains(abort.id)) return {};
  if (record->intent && names(*record, UploadId(abort.id))) {
    return can_complete(world, *record->intent)
               ? "an upload of an intent that can be completed is aborted"
               : "";
  }
  if (names(*record, UploadId(abort.id))) return "an upload of the checkpoint is aborted";
  const std::string claim = record->run.value_or("") + "." + std::to_string(record->epoch) + ".";
  if (record->run && record->run != abort.by && abort.id.starts_with(claim)) {
    return "an upload of the present claim is aborted by somebody else";  // Only we look into an
                                                                          // id.
  }
  return {};
}

std::string uploads_left(const World& world) {
  std::string left;
  for (const auto& [id, upload] : world.uploads) left += " " + id;
  return left.empty() ? left : "uploads left:" + left;
}

// At rest: the visible objects are the manifest's, no upload is open, the catalogue agrees.
std::string exactly(const World& world, const Results& results) {
  const Record* record = record_in(world);
  if (record == nullptr || !finished(*record)) return "the unit is not finished";
  std::string seen, meant;
  std::map<std::string, std::string> outputs;
  for (const auto& output : record->manifest->outputs)
    outputs[output.key.str()] = output.etag.str();
  for (const auto& [key, etag] : outputs) meant += " " + key + "=" + etag;
  for (const auto& [key, object] : world.objects) {
    if (key.starts_with("lake/")) seen += " " + key + "=" + object.etag;
  }
  if (seen != meant) return "visible" + seen + ", manifest" + meant;
  if (!world.uploads.empty()) return uploads_left(world);
  const Object* catalogue = world.find(catalogue_key);
  const std::string there = catalogue == nullptr ? "" : catalogue->body;
  if (there != record->manifest->catalogue) {
    return "catalogue " + there + ", manifest " + record->manifest->catalogue;
  }
  const bool all_lost =
      std::ranges::all_of(results, [](const auto& r) { return r.second == "lost"; });
  if (results.size() == 2 && all_lost) return "both runs conclude that they lost";
  return {};
}

// ---- streams
// ---------------------------------------------------------------------------------------

using Seen = std::map<uint64_t, int>;

void see(const std::string& content, Seen& seen) {
  for (const std::string_view message : split(content, ','))
    ++seen[*parse_number<uint64_t>(message)];
}

Seen messages(const World& world, const std::set<std::string>& but = {}) {
  Seen seen;
  for (const auto& [key, object] : world.objects) {
    if (key.starts_with("lake/") && !but.contains(key)) see(object.etag, seen);
  }
  return seen;
}

std::string text_of(const Seen& seen) {
  std::string text = "visible";
  for (const auto& [message, count] : seen) {
    text += " " + std::to_string(message) + (count > 1 ? " x" + std::to_string(count) : "");
  }
  return text;
}

// Every message before the position is in exactly one manifest: the record's, or one beside it.
std::string manifests_cover(const World& world, const Record& record) {
  Seen seen;
  const auto see_all = [&](const ledger::Manifest& manifest) {
    for (const auto& output : manifest.outputs) see(output.etag.str(), seen);
  };
  if (record.manifest) see_all(*record.manifest);
  for (const auto& [key, text] : world.beside) {
    const auto manifest = ledger::parse_manifest(text, Key(key));
    ENSURE(manifest.ok());
    if (!record.manifest || manifest->end != record.manifest->end) see_all(*manifest);
  }
  for (uint64_t message = 0; message < record.position; ++message) {
    if (seen[message] != 1) return "the manifests don't have each message once: " + text_of(seen);
  }
  return seen.size() == record.position ? ""
                                        : "a manifest is ahead of the position: " + text_of(seen);
}

std::string stream_always(const World& world) {
  const Record* record = record_in(world);
  if (record == nullptr) return {};
  const Object* group = world.find("group");
  if (group != nullptr && *parse_number<uint64_t>(group->body) > record->position) {
    return "group offset " + group->body + " ahead of position " + std::to_string(record->position);
  }
  std::set<std::string> moving = moving_keys(*record);
  if (record->manifest && record->manifest->todo) {
    for (const auto& retired : record->manifest->retire) moving.insert(retired.key.str());
  }
  const std::string at = "position " + std::to_string(record->position) + ", ";
  const Seen still = messages(world, moving);
  for (const auto& [message, count] : still) {
    if (count > 1 || message >= record->position) return at + text_of(still);
  }
  const Seen all = messages(world);
  for (uint64_t message = 0; message < record->position; ++message) {
    if (!all.contains(message)) return at + "lost " + std::to_string(message);
  }
  return manifests_cover(world, *record);
}

std::string stream_final(const World& world, uint64_t count) {
  const Record* record = record_in(world);
  const Seen seen = messages(world);
  const bool once = std::ranges::all_of(seen, [](const auto& m) { return m.second == 1; });
  if (record == nullptr || record->position != count || seen.size() != count || !once) {
    return "at rest, " + text_of(seen);
  }
  return uploads_left(world);
}

// A world as the model counts it: it has no side files, and its manifest doesn't say whose run it
// was. (Two runs may reach the same epoch with the same bytes, so that makes a difference.)
std::string model_text(World world) {
  world.beside.clear();
  if (const Record* record = record_in(world); record != nullptr && record->manifest) {
    Record nobodys = *record;
    nobodys.manifest->run.clear();
    world.objects[record_key] = {print(nobodys), {}, {}};
  }
  return world.text();
}

// ---- scenarios
// ---------------------------------------------------------------------------------------

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
  uint64_t messages = 3;  // Streams
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
      stream("stream, two owners", {.strays = 0, .model_states = 64'708, .model_worlds = 955}),
      stream("stream, uploads lapse", {.messages = 2,
                                       .strays = 0,
                                       .lapses = 1,
                                       .model_states = 242'094,
                                       .model_worlds = 1'297}),
  };
}

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
      {"keep_leftovers",
       stream("a broken span's keys are forgotten",
              {.rules = without(&Rules::keep_leftovers), .messages = 2, .strays = 0, .lapses = 1})},
  };
}

}  // namespace sluice::explorer
