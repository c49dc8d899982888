#include "simulator/oracle.h"

#include <algorithm>
#include <set>

#include "base/checksum.h"
#include "base/text.h"
#include "ledger/record.h"
#include "walk/unpacked.h"

namespace sluice::simulator {
namespace {

constexpr std::string_view records_prefix = "_sluice/trail/";
constexpr std::string_view copies_prefix = "_sluice/set_aside/";

// What a unit must have become.
struct Expected {
  std::map<std::string, std::string> text;    // By place: the records, each with its line feed
  std::map<std::string, uint64_t> set_aside;  // By document: records, or 1 for all of it
  std::vector<std::string> inputs;            // Keys
  uint64_t records = 0, duplicates = 0, conflicts = 0;
};

class Foresight {
 public:
  Foresight(const World& world, Tally& tally) : world_(world), tally_(tally) {}

  // Of a unit of objects: its documents.
  Expected of_unit(const std::string& unit) {
    for (const GivenDocument& document : world_.documents) {
      if (document.unit != unit) continue;
      expected_.inputs.push_back(document.key);
      if (document.is_bad) {
        expected_.set_aside["given:" + document.key] += 1;
        tally_.met(Met::bad_document);
        continue;
      }
      for (const GivenRecord& record : document.records) add(record, "given:" + document.key);
    }
    return std::move(expected_);
  }

  // Of an API: so many of its items.
  Expected of_items(size_t count) {
    for (size_t i = 0; i < count; ++i) add(world_.items[i], "the API");
    return std::move(expected_);
  }

 private:
  void add(const GivenRecord& record, const std::string& document) {
    if (record.becomes == Becomes::filtered) tally_.met(Met::filtered);
    if (record.becomes == Becomes::set_aside) {
      expected_.set_aside[document] += 1;
      tally_.met(record.lands.empty() ? Met::bad_record : Met::no_place);
    }
    if (record.becomes != Becomes::written || (world_.words.dedupe && is_duplicate(record))) return;
    ++expected_.records;
    expected_.text[record.place] += record.lands + "\n";
  }

  bool is_duplicate(const GivenRecord& record) {
    auto& texts = seen_[record.id];
    const bool is_first = texts.empty();
    if (!texts.insert(record.text).second) {
      ++expected_.duplicates;
      tally_.met(Met::duplicate);
      return true;
    }
    if (!is_first) {
      ++expected_.conflicts;
      tally_.met(Met::conflict);
    }
    return false;
  }

  const World& world_;
  Tally& tally_;
  Expected expected_;
  std::map<std::string, std::set<std::string>> seen_;  // By id: the texts
};

uint64_t lines(std::string_view text) {
  uint64_t count = 0;
  for (size_t at = text.find('\n'); at != text.npos; at = text.find('\n', at + 1)) ++count;
  return count;
}

std::string place_of(std::string_view key) {
  const size_t slash = key.rfind('/');
  return slash == key.npos ? "" : std::string(key.substr(0, slash + 1));
}

class Oracle {
 public:
  Oracle(const World& world, const MemoryStore& lake, Tally& tally)
      : world_(world), lake_(lake), objects_(lake.objects()), tally_(tally) {}

  std::vector<std::string> look() {
    for (const std::string& unit : world_.units) look_at(unit);
    for (const auto& [key, bytes] : objects_) {
      const bool is_copy = key.view().starts_with(copies_prefix);
      if ((is_copy || !key.view().starts_with("_")) && !known_.contains(key.str()))
        complain(key.str() + " is in no manifest");
    }
    for (const OpenUpload& upload : lake_.open_uploads())
      complain("an upload is left open: " + upload.key.str() + " " + upload.id.str());
    return std::move(complaints_);
  }

 private:
  void complain(std::string what) { complaints_.push_back(std::move(what)); }
  void complain_of(const std::string& unit, const std::string& what) {
    complain("unit " + unit + ": " + what);
  }
  void complain_unless_equal(const std::string& unit, const std::string& what, uint64_t must,
                             uint64_t is) {
    if (must == is) return;
    complain_of(unit, what + ": " + std::to_string(must) + " were given, the manifest says " +
                          std::to_string(is));
  }

  void look_at(const std::string& unit) {
    const Key key(std::string(records_prefix) + unit + ".json");
    const auto found = objects_.find(key);
    if (found == objects_.end()) return complain("unit " + unit + " has no record");
    const auto record = ledger::parse_record(found->second, key);
    if (!record.ok()) return complain("unit " + unit + ": " + record.error().message);
    const auto say = [&](const std::string& what) { complain_of(unit, what); };
    if (record->run) say("its claim is open");
    if (record->intent) say("its intent is open");
    if (record->checkpoint) say("it has a checkpoint");
    if (record->failed) say("it has failed: " + record->failed->why);
    if (!record->leftovers.empty()) say("it has leftovers");
    if (!record->manifest) return say("it has no manifest");
    if (record->manifest->todo) say("retiring is not noted");
    if (!record->manifest->provisional.empty()) say("it is provisional");
    if (world_.words.api) return look_at_items(*record->manifest);
    const Expected expected = Foresight(world_, tally_).of_unit(unit);
    compare_inputs(unit, expected, *record->manifest);
    compare(unit, expected, *record->manifest);
  }

  // An API grows while it is asked: all that was there at first must have come, and of the rest as
  // much as there is, without a gap.
  void look_at_items(const ledger::Manifest& manifest) {
    size_t count = world_.items_at_first;
    const auto is_less = [&] {
      const Expected expected = Foresight(world_, ignored_).of_items(count);
      return expected.records < manifest.sums.records;
    };
    while (count < world_.items.size() && is_less()) ++count;
    Expected expected = Foresight(world_, tally_).of_items(count);
    expected.set_aside.clear();  // Pages are named by their URLs
    compare("once", expected, manifest);
  }

  void compare_inputs(const std::string& unit, const Expected& expected,
                      const ledger::Manifest& manifest) {
    const auto say = [&](const std::string& what) { complain_of(unit, what); };
    const auto equal = [&](const char* what, uint64_t must, uint64_t is) {
      complain_unless_equal(unit, what, must, is);
    };
    equal("documents", expected.inputs.size(), manifest.sums.documents);
    equal("inputs", expected.inputs.size(),
          manifest.inputs.file.empty() ? manifest.inputs.list.size() : manifest.inputs.count);
    for (size_t i = 0; i < std::min(manifest.inputs.list.size(), expected.inputs.size()); ++i) {
      if (manifest.inputs.list[i].key.str() != expected.inputs[i])
        say("input " + manifest.inputs.list[i].key.str() + " in place of " + expected.inputs[i]);
    }
    std::map<std::string, uint64_t> set_aside;
    for (const ledger::SetAside& one : manifest.set_aside) set_aside[one.document] += one.count;
    if (set_aside != expected.set_aside) {
      say("other things are set aside than are bad");
      tell_difference(expected.set_aside, set_aside);
    }
  }

  void compare(const std::string& unit, const Expected& expected,
               const ledger::Manifest& manifest) {
    const auto say = [&](const std::string& what) { complain_of(unit, what); };
    const auto equal = [&](const char* what, uint64_t must, uint64_t is) {
      complain_unless_equal(unit, what, must, is);
    };
    equal("records", expected.records, manifest.sums.records);
    equal("duplicates", expected.duplicates, manifest.sums.duplicates);
    equal("conflicts", expected.conflicts, manifest.sums.conflicts);
    std::map<std::string, std::string> text;
    uint64_t records = 0;
    std::vector<ledger::Output> outputs = manifest.outputs;
    std::ranges::sort(outputs, {}, [](const auto& output) { return output.key; });
    for (const ledger::Output& output : outputs) {
      const std::string unpacked = look_at(unit, output);
      if (output.key.view().starts_with(copies_prefix)) continue;
      records += lines(unpacked);
      text[place_of(output.key.view())] += unpacked;
    }
    if (records != expected.records)
      say(std::to_string(expected.records) + " records were given, " + std::to_string(records) +
          " are there");
    for (const auto& [place, must] : expected.text) {
      if (text[place] != must) say("place \"" + place + "\" hasn't the records it must have");
    }
    for (const auto& [place, is] : text) {
      if (!is.empty() && !expected.text.contains(place))
        say("place \"" + place + "\" is one too many");
    }
  }

  void tell_difference(const std::map<std::string, uint64_t>& must,
                       const std::map<std::string, uint64_t>& is) {
    for (const auto& [document, count] : must) {
      if (!is.contains(document))
        complain("  not " + document + " (" + std::to_string(count) + ")");
    }
    for (const auto& [document, count] : is) {
      const auto found = must.find(document);
      const uint64_t given = found == must.end() ? 0 : found->second;
      if (given != count)
        complain("  " + document + ": " + std::to_string(count) + ", not " + std::to_string(given));
    }
  }

  std::string look_at(const std::string& unit, const ledger::Output& output) {
    const std::string& key = output.key.str();
    const auto say = [&](const std::string& what) { complain("unit " + unit + ": " + key + what); };
    if (!known_.insert(key).second) say(" is in two manifests");
    const auto found = objects_.find(output.key);
    if (found == objects_.end()) {
      say(" is missing");
      return {};
    }
    if (found->second.size() != output.content.bytes) say(" has another size");
    if (crc32c(found->second) != output.content.crc32c) say(" has another checksum");
    auto unpacked = sluice::unpacked(key, found->second);
    if (!unpacked.ok()) {
      say(": " + unpacked.error().message);
      return {};
    }
    if (lines(*unpacked) != output.content.records) say(" has another number of records");
    return std::move(*unpacked);
  }

  const World& world_;
  const MemoryStore& lake_;
  const std::map<Key, std::string> objects_;
  Tally& tally_;
  Tally ignored_;
  std::set<std::string> known_;
  std::vector<std::string> complaints_;
};

}  // namespace

std::vector<std::string> complaints(const World& world, const MemoryStore& lake, Tally& tally) {
  return Oracle(world, lake, tally).look();
}

Result<ledger::Record> record_of(const std::string& unit, MemoryStore& lake) {
  const Key key(std::string(records_prefix) + unit + ".json");
  const Body text = TRY(call_for<Body>(lake, Get{.key = key}));
  return ledger::parse_record(text.bytes.view(), key);
}

std::vector<std::string> complaints(const UnitReport& unit, MemoryStore& lake) {
  if (unit.outcome != UnitOutcome::done) return {};
  const std::string who = "unit " + unit.unit;
  const auto record = record_of(unit.unit, lake);
  if (!record.ok()) return {who + " is done without a record"};
  if (!record->manifest) return {who + ": no manifest"};
  const ledger::Sums& sums = record->manifest->sums;
  const uint64_t set_aside = unit.tally.documents_set_aside + unit.tally.records_set_aside;
  if (unit.tally.records != sums.records || unit.tally.duplicates != sums.duplicates ||
      unit.tally.conflicts != sums.conflicts || unit.tally.bytes_written != sums.bytes ||
      unit.tally.documents + unit.documents_before != sums.documents ||
      (unit.documents_before == 0 && set_aside != sums.set_aside))
    return {who + ": the report has other sums than the manifest"};
  return {};
}

std::vector<std::string> complaints(const World& world, MemoryStore& lake, const Findings& found) {
  std::vector<std::string> all;
  const auto equal = [&](const std::string& what, uint64_t must, uint64_t is) {
    if (must == is) return;
    all.push_back("verify has looked at " + std::to_string(is) + " " + what + " of " +
                  std::to_string(must));
  };
  for (const Problem& one : found.problems)
    all.push_back("verify: " + one.kind + " " + one.unit + ": " + one.what);
  uint64_t units = 0, outputs = 0, records = 0;
  for (const std::string& unit : world.units) {
    const auto record = record_of(unit, lake);
    if (!record.ok() || !record->manifest) continue;
    ++units;
    outputs += record->manifest->outputs.size();
    for (const ledger::Output& output : record->manifest->outputs)
      records += output.content.records;
  }
  equal("units", units, found.units);
  equal("objects", outputs, found.outputs);
  equal("records", records, found.records);
  equal("inputs", world.documents.size(), found.inputs);
  return all;
}

std::map<std::string, std::string> data_objects(const MemoryStore& lake) {
  std::map<std::string, std::string> data;
  for (const auto& [key, bytes] : lake.objects()) {
    if (!key.view().starts_with('_')) data[key.str()] = bytes;
  }
  return data;
}

}  // namespace sluice::simulator
