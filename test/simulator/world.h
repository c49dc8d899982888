// What a seed gives: a job, the documents of its units, the machine and the weather. And with each
// document what must become of it, for the oracle.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "simulator/weather.h"

namespace sluice::simulator {

// What must become of a record. `written`: unless it is a duplicate.
enum class Becomes : uint8_t { written, filtered, set_aside };

struct GivenRecord {
  Becomes becomes = Becomes::written;
  std::string id;     // What dedupe looks at
  std::string text;   // As it comes
  std::string lands;  // As it must land
  std::string place;  // "dt=2024-02-08/"
};

struct GivenDocument {
  std::string unit;     // Its id
  std::string key;      // In the source
  std::string body;     // As it is stored
  bool is_bad = false;  // Set aside whole; then no record is expected
  std::vector<GivenRecord> records;
};

// A paged API, where there is one.
struct ApiWords {
  enum class Paging : uint8_t { cursor, offset, page } paging = Paging::cursor;
  uint64_t page_items = 10;
  bool total = false, lies = false;  // About the total
  bool is_large = false;
};

// The words of the job, chosen by the seed.
struct JobWords {
  enum class Units : uint8_t { once, day } units = Units::day;
  enum class Decode : uint8_t { lines, json } decode = Decode::lines;
  enum class Partition : uint8_t { none, day, field } partition = Partition::none;
  enum class Format : uint8_t { plain, gzip, zstd } format = Format::plain;
  bool team_in_path = false;
  bool default_partition = false;
  bool dedupe = false;
  bool filter = false, drop = false, rename = false, set = false;
  bool keep_set_aside = false;
  bool late = false;
  uint64_t roll_bytes = 0, roll_records = 0;  // 0: by default
  std::optional<ApiWords> api = {};           // In place of objects

  std::string text() const;
};

struct World {
  uint64_t seed = 0;
  JobWords words;
  std::string job;
  std::vector<std::string> units;
  std::vector<GivenDocument> documents;  // In the order of their keys
  // Of an API, in its order; the first items_at_first are there when all begins, so many at least
  // must have come.
  std::vector<GivenRecord> items;
  size_t items_at_first = 0;
  uint64_t memory_bytes = 0;
  uint32_t in_flight = 1;
  unsigned threads = 1;
};

World make_world(uint64_t seed);

// Another document of this world, for a listing that changes. `number` tells its key.
GivenDocument make_document(const World& world, const std::string& unit, uint64_t number,
                            Chance& chance);

GivenRecord make_item(const World& world, uint64_t number, size_t pad_most, Chance& chance);

// From calm to stormy.
Weather make_weather(Chance& chance);

}  // namespace sluice::simulator
