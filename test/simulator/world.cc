#include "simulator/world.h"

#include <algorithm>
#include <set>

namespace sluice::simulator {
namespace {

bool one_in(Chance& chance, uint64_t n) {
  return chance.below(n) == 0;
}

template <class T>
T one_of(Chance& chance, std::initializer_list<T> choices) {
  return choices.begin()[chance.below(choices.size())];
}

JobWords make_words(Chance& chance) {
  JobWords words;
  words.units = one_in(chance, 3) ? JobWords::Units::once : JobWords::Units::day;
  words.decode = one_in(chance, 2) ? JobWords::Decode::lines : JobWords::Decode::json;
  words.partition = one_of(
      chance, {JobWords::Partition::none, JobWords::Partition::day, JobWords::Partition::field});
  words.format =
      one_of(chance, {JobWords::Format::plain, JobWords::Format::gzip, JobWords::Format::zstd});
  words.team_in_path = one_in(chance, 2);
  words.default_partition = one_in(chance, 4);
  words.dedupe = one_in(chance, 3);
  words.filter = one_in(chance, 4);
  words.drop = one_in(chance, 4);
  words.rename = one_in(chance, 4);
  words.set = one_in(chance, 4);
  words.keep_set_aside = one_in(chance, 3);
  words.late = words.units == JobWords::Units::day && one_in(chance, 2);
  if (one_in(chance, 3)) words.roll_bytes = 1024 << chance.below(8);
  if (one_in(chance, 4)) words.roll_records = 1 + chance.below(40);
  return words;
}

std::vector<std::string> make_units(const JobWords& words, Chance& chance) {
  if (words.units == JobWords::Units::once) return {"once"};
  std::vector<std::string> units;
  const uint64_t days = one_of<uint64_t>(chance, {1, 1, 2, 3, 5});
  for (uint64_t day = 8; day > 8 - days; --day) units.push_back("2024-02-0" + std::to_string(day));
  std::ranges::reverse(units);
  return units;
}

void add_transforms(const JobWords& words, std::string& text) {
  if (!words.filter && !words.drop && !words.rename && !words.set) return;
  text += "transform:\n";
  if (words.filter) text += "  - filter: { field: .keep, equals: \"yes\" }\n";
  if (words.drop) text += "  - drop: [.secret]\n";
  if (words.rename) text += "  - rename: { n: number }\n";
  if (words.set) {
    text += words.team_in_path ? "  - set: { team: \"{path.team}\" }\n"
                               : "  - set: { mark: \"seen\" }\n";
  }
}

}  // namespace

std::string JobWords::text() const {
  std::string text = "name: trail\n";
  text +=
      units == Units::once ? "units: { each: once }\n" : "units: { each: day, default: 2024-02-08";
  if (units == Units::day) text += late ? ", late: 30d }\n" : " }\n";
  text += "source: { objects: \"in/";
  if (team_in_path) text += "{path.team}/";
  text += units == Units::once ? "all/\" }\n" : "{unit:%Y/%m/%d}/\" }\n";
  text += decode == Decode::lines ? "decode: jsonl\n" : "decode: { json: { records: .Records } }\n";
  add_transforms(*this, text);
  text += "sink: { lake: \"lake/\"";
  if (partition == Partition::day) text += ", partition: \"dt={.t:%F}/\"";
  if (partition == Partition::field) text += ", partition: \"k={.k}/\"";
  if (partition != Partition::none && default_partition) text += ", missing: default_partition";
  if (dedupe) text += ", dedupe: .id";
  if (keep_set_aside) text += ", keep_set_aside: true";
  if (roll_bytes > 0) text += ", roll: " + std::to_string(roll_bytes) + "B";
  if (roll_records > 0) text += ", roll_records: " + std::to_string(roll_records);
  constexpr const char* formats[] = {"jsonl", "jsonl.gz", "jsonl.zst"};
  return text + ", format: " + formats[static_cast<size_t>(format)] + " }\n";
}

const GivenDocument* World::document(const std::string& key) const {
  const auto found = std::ranges::find(documents, key, &GivenDocument::key);
  return found == documents.end() ? nullptr : &*found;
}

bool World::has_documents(const std::string& unit) const {
  return std::ranges::find(documents, unit, &GivenDocument::unit) != documents.end();
}

World make_world(uint64_t seed) {
  Chance chance(seed * 0x9e3779b97f4a7c15ULL + 1);
  World world{.seed = seed, .words = make_words(chance)};
  world.job = world.words.text();
  world.units = make_units(world.words, chance);
  world.memory_bytes = one_of<uint64_t>(chance, {48, 64, 96, 256}) << 20;
  world.in_flight = one_of<uint32_t>(chance, {1, 2, 3, 16, 64, 512});
  world.threads = 1 + static_cast<unsigned>(chance.below(4));
  const uint64_t most = one_of<uint64_t>(chance, {2, 8, 8, 30, 100});
  for (const std::string& unit : world.units) {
    // Now and then a unit that nothing was given for.
    const uint64_t count = one_in(chance, 12) ? 0 : 1 + chance.below(most);
    for (uint64_t i = 0; i < count; ++i) {
      world.documents.push_back(make_document(world, unit, i, chance));
    }
  }
  std::ranges::sort(world.documents, {}, &GivenDocument::key);
  return world;
}

Weather make_weather(Chance& chance) {
  Weather weather;
  weather.latency_most = one_of<Nanoseconds>(chance, {1_ms, 20_ms, 60_ms, 300_ms});
  const auto rate = [&](uint64_t of) -> uint64_t {
    return one_in(chance, of) ? one_of<uint64_t>(chance, {8, 30, 100, 400}) : 0;
  };
  weather.fails = rate(2);
  weather.loses_answer = rate(2);
  weather.lands_late = rate(4);
  weather.throttles = rate(4);
  weather.is_slow = rate(4);
  if (one_in(chance, 3)) {
    weather.slow_from = static_cast<Nanoseconds>(chance.below(500'000'000));
    weather.slow_for = static_cast<Nanoseconds>(chance.below(2'000'000'000));
  }
  return weather;
}

}  // namespace sluice::simulator
