// Documents, good and bad ones of every kind, as a world gives them.
#include <zstd.h>

#include <cstdio>

#include "base/result.h"
#include "gzip.h"
#include "simulator/world.h"

namespace sluice::simulator {
namespace {

bool one_in(Chance& chance, uint64_t n) {
  return chance.below(n) == 0;
}

std::string zstd(std::string_view text) {
  std::string out(ZSTD_compressBound(text.size()), '\0');
  out.resize(ZSTD_compress(out.data(), out.size(), text.data(), text.size(), 1));
  return out;
}

std::string packed(std::string_view text, Chance& chance) {
  switch (chance.below(3)) {
    case 0:
      return gzip(text, 1);
    case 1:
      return zstd(text);
    default:
      return std::string(text);
  }
}

using Fields = std::vector<std::pair<std::string, std::string>>;  // The value as JSON

std::string print(const Fields& fields) {
  std::string text = "{";
  for (const auto& [name, value] : fields) {
    text += (text.size() > 1 ? ",\"" : "\"") + name + "\":" + value;
  }
  return text + "}";
}

std::string quoted(const std::string& text) {
  return "\"" + text + "\"";
}

// What the job makes of it.
void foresee(const JobWords& words, const std::string& team, Fields fields, GivenRecord& record) {
  const auto value = [&](const std::string& name) -> std::string {
    for (const auto& [at, value] : fields) {
      if (at == name) return value.substr(1, value.size() - 2);
    }
    return {};
  };
  if (words.filter && value("keep") != "yes") {
    record.becomes = Becomes::filtered;
    return;
  }
  if (words.partition != JobWords::Partition::none) {
    const bool by_day = words.partition == JobWords::Partition::day;
    std::string what = by_day ? value("t").substr(0, 10) : value("k");
    if (what.empty() && words.default_partition) what = "__HIVE_DEFAULT_PARTITION__";
    if (what.empty()) record.becomes = Becomes::set_aside;
    record.place = (by_day ? "dt=" : "k=") + what + "/";
  }
  if (words.drop) std::erase_if(fields, [](const auto& field) { return field.first == "secret"; });
  for (auto& [name, was] : fields) {
    if (words.rename && name == "n") name = "number";
  }
  if (words.set && words.team_in_path) fields.emplace_back("team", quoted(team));
  if (words.set && !words.team_in_path) fields.emplace_back("mark", quoted("seen"));
  record.lands = print(fields);
}

GivenRecord make_record(const JobWords& words, const std::string& team, const std::string& id,
                        size_t pad_most, Chance& chance) {
  Fields fields;
  fields.emplace_back("id", quoted(id));
  if (!one_in(chance, 40)) {
    fields.emplace_back("t",
                        quoted("2024-02-0" + std::to_string(7 + chance.below(2)) + "T10:00:00Z"));
  }
  if (!one_in(chance, 40)) {
    fields.emplace_back("k", quoted(std::string(1, static_cast<char>('a' + chance.below(4)))));
  }
  fields.emplace_back("keep", quoted(one_in(chance, 4) ? "no" : "yes"));
  if (one_in(chance, 3)) fields.emplace_back("secret", "[1,{\"a\":\"b\"}]");
  fields.emplace_back("n", std::to_string(chance.below(1'000'000)));
  fields.emplace_back("pad", quoted(std::string(chance.below(pad_most + 1), 'x')));
  GivenRecord record{.id = id, .text = print(fields)};
  foresee(words, team, std::move(fields), record);
  return record;
}

// A line that is bad alone.
GivenRecord bad_line(Chance& chance) {
  constexpr const char* lines[] = {"not json", "{\"a\":1", "{\"a\":\"\xfc\"}", "{\"a\":01}"};
  return {.becomes = Becomes::set_aside, .text = lines[chance.below(4)]};
}

std::string joined(const JobWords& words, const std::vector<GivenRecord>& records, Chance& chance) {
  const bool lines = words.decode == JobWords::Decode::lines;
  std::string text = lines ? "" : "{\"Records\":[";
  for (const GivenRecord& record : records) {
    if (!lines && &record != &records.front()) text += ",";
    text += record.text;
    if (lines) text += one_in(chance, 20) ? "\r\n" : "\n";
  }
  return lines ? text : text + "]}";
}

// One that is bad as a whole.
void spoil(const JobWords& words, GivenDocument& document, std::string text, Chance& chance) {
  document.is_bad = true;
  document.records.clear();
  switch (chance.below(4)) {
    case 0:
      document.body = "";
      return;
    case 1: {
      document.body = gzip(text, 1);
      document.body.resize(document.body.size() - 1 - chance.below(8));
      return;
    }
    case 2: {
      document.body = gzip(text, 1);
      document.body[document.body.size() - 6] ^= 1;  // Its checksum
      return;
    }
    default:
      document.body =
          words.decode == JobWords::Decode::lines ? zstd(text).substr(0, 6) : "{\"Rekords\":[]}";
  }
}

std::string folder_of(const JobWords& words, const std::string& unit, const std::string& team) {
  std::string folder = words.team_in_path ? team + "/" : "";
  if (words.units == JobWords::Units::once) return folder + "all/";
  std::string day = unit;
  for (char& c : day) c = c == '-' ? '/' : c;
  return folder + day + "/";
}

}  // namespace

GivenRecord make_item(const World& world, uint64_t number, size_t pad_most, Chance& chance) {
  return make_record(world.words, "", "item." + std::to_string(number), pad_most, chance);
}

GivenDocument make_document(const World& world, const std::string& unit, uint64_t number,
                            Chance& chance) {
  const std::string team = chance.below(2) == 0 ? "blue" : "red";
  char name[32];
  std::snprintf(name, sizeof name, "%05u.log", static_cast<unsigned>(number));
  GivenDocument document{.unit = unit, .key = folder_of(world.words, unit, team) + name};
  const bool is_large = one_in(chance, 300);
  const uint64_t count = is_large ? 300 : chance.below(one_in(chance, 10) ? 200 : 12);
  const size_t pad_most = is_large ? 60'000 : one_in(chance, 20) ? 3'000 : 60;
  for (uint64_t i = 0; i < count; ++i) {
    std::string id = unit + "." + std::to_string(number) + "." + std::to_string(i);
    GivenRecord record = make_record(world.words, team, id, pad_most, chance);
    if (world.words.decode == JobWords::Decode::lines && one_in(chance, 60)) {
      record = bad_line(chance);
    } else if (world.words.dedupe && i > 0 && one_in(chance, 10)) {
      const GivenRecord& other = document.records[chance.below(i)];
      if (other.becomes == Becomes::written && one_in(chance, 2)) {
        record = other;  // The same once more
      } else if (record.becomes == Becomes::written && other.becomes == Becomes::written) {
        record = make_record(world.words, team, other.id, pad_most, chance);  // Other bytes
      }
    }
    document.records.push_back(std::move(record));
  }
  const std::string text = joined(world.words, document.records, chance);
  document.body = packed(text, chance);
  document.is_bad = text.empty();  // Not a single line was given
  if (!is_large && one_in(chance, 30)) spoil(world.words, document, text, chance);
  return document;
}

}  // namespace sluice::simulator
