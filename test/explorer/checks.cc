#include "explorer/checks.h"

#include <algorithm>
#include <set>
#include <unordered_map>

#include "base/text.h"
#include "ledger/record.h"

namespace sluice::explorer {

namespace {

using ledger::Record;

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

}  // namespace

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

namespace {

bool can_complete(const World& world, const ledger::Intent& intent) {
  for (const Upload& wanted : intent.uploads) {
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

}  // namespace

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

namespace {

std::string uploads_left(const World& world) {
  std::string left;
  for (const auto& [id, upload] : world.uploads) left += " " + id;
  return left.empty() ? left : "uploads left:" + left;
}

}  // namespace

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

std::string done_means_done(const World& world, const Results& results, uint64_t epoch) {
  const Record* record = record_in(world);
  for (const auto& [name, result] : results) {
    if (result != "won" && result != "nothing to do") continue;
    if (record == nullptr || !record->manifest || record->manifest->epoch <= epoch)
      return name + " ends with `" + result + "`, but nothing is committed";
  }
  return {};
}

std::string each_page_once(const World& world, const Results&) {
  std::string wrong = exactly(world, {});
  const Object* object = world.find("lake/u-k1");
  if (!wrong.empty() || object == nullptr) return wrong;
  std::string pages;
  for (const std::string_view part : split(object->etag, '|')) {
    pages += std::string(part.substr(0, part.find('@'))) + " ";
  }
  return pages == "p0 p1 p2 " ? "" : "pages " + pages;
}

// ---- streams ------------------------------------------------------------------------------------

namespace {

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

}  // namespace

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
// was. (Two runs may reach the same epoch with the same bytes, so that makes a difference.) Nor
// does its record say why a run failed.
std::string model_text(World world) {
  world.beside.clear();
  if (const Record* record = record_in(world); record != nullptr) {
    Record nobodys = *record;
    if (nobodys.manifest)
      nobodys.manifest.change([](ledger::Manifest& manifest) { manifest.run.clear(); });
    nobodys.failed.reset();
    world.objects[record_key] = {print(nobodys), {}, {}};
  }
  return world.text();
}

}  // namespace sluice::explorer
