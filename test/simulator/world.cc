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

// What goes with objects alone goes.
void make_api(JobWords& words, Chance& chance) {
  using Paging = ApiWords::Paging;
  ApiWords api;
  api.paging = one_of(chance, {Paging::cursor, Paging::offset, Paging::page});
  api.page_items = one_of<uint64_t>(chance, {1, 3, 10, 40});
  api.total = one_in(chance, 3);
  api.lies = api.total && one_in(chance, 3);
  api.is_large = one_in(chance, 4);
  words.api = api;
  if (api.is_large) {  // Uploads in parts, and checkpoints in the record
    words.partition = JobWords::Partition::none;
    words.format = JobWords::Format::plain;
    words.dedupe = false;
    words.roll_bytes = words.roll_records = 0;
  }
  words.units = JobWords::Units::once;
  words.decode = JobWords::Decode::json;
  words.team_in_path = words.late = false;
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

namespace {

std::string api_text(const ApiWords& api) {
  const std::string size = std::to_string(api.page_items);
  std::string text = "source: { http: { url: \"https://api.test/items\", next: { ";
  switch (api.paging) {
    case ApiWords::Paging::cursor:
      text += "cursor: .next, as: token";
      break;
    case ApiWords::Paging::offset:
      text += "offset: offset, size: " + size;
      break;
    case ApiWords::Paging::page:
      text += "page: page, size: " + size;
      break;
  }
  if (api.total) text += ", total: .total";
  if (api.lies) text += ", total_may_differ: true";
  return text + " } } }\ndecode: { json: { records: .items } }\n";
}

}  // namespace

std::string JobWords::text() const {
  std::string text = "name: trail\n";
  text +=
      units == Units::once ? "units: { each: once }\n" : "units: { each: day, default: 2024-02-08";
  if (units == Units::day) text += late ? ", late: 30d }\n" : " }\n";
  if (api) {
    text += api_text(*api);
  } else {
    text += "source: { objects: \"in/";
    if (team_in_path) text += "{path.team}/";
    text += units == Units::once ? "all/\" }\n" : "{unit:%Y/%m/%d}/\" }\n";
    text +=
        decode == Decode::lines ? "decode: jsonl\n" : "decode: { json: { records: .Records } }\n";
  }
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

World make_world(uint64_t seed) {
  Chance chance(seed * 0x9e3779b97f4a7c15ULL + 1);
  World world{.seed = seed, .words = make_words(chance)};
  if (seed % 4 == 3) make_api(world.words, chance);
  world.job = world.words.text();
  world.units = make_units(world.words, chance);
  world.memory_bytes = one_of<uint64_t>(chance, {48, 64, 96, 256}) << 20;
  world.in_flight = one_of<uint32_t>(chance, {1, 2, 3, 16, 64, 512});
  world.threads = 1 + static_cast<unsigned>(chance.below(4));
  if (world.words.api) {
    const bool is_large = world.words.api->is_large;
    world.items_at_first = is_large ? 60 : 1 + chance.below(200);
    for (uint64_t i = 0; i < world.items_at_first; ++i)
      world.items.push_back(make_item(world, i, is_large ? 300'000 : 100, chance));
    return world;
  }
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
  weather.latency_most = one_of<Nanoseconds>(chance, {1_ms, 20_ms, 60_ms, 300_ms, 3_s});
  const auto rate = [&](uint64_t of) -> uint64_t {
    return one_in(chance, of) ? one_of<uint64_t>(chance, {8, 30, 100, 400}) : 0;
  };
  weather.fails = rate(2);
  weather.loses_answer = rate(2);
  weather.lands_late = rate(4);
  weather.throttles = rate(4);
  weather.denies = rate(6);
  weather.is_slow = rate(4);
  if (one_in(chance, 3)) {
    weather.slow_from = static_cast<Nanoseconds>(chance.below(500'000'000));
    weather.slow_for = static_cast<Nanoseconds>(chance.below(2'000'000'000));
  }
  return weather;
}

}  // namespace sluice::simulator
