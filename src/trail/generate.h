// Makes days of CloudTrail-like logs in a directory: names, layout, sizes and shapes as
// CloudTrail's, contents invented. For the demo, the benches and the tests; no job reads through
// this.
//
// One object is a gzip member (with its name in the header) of one line {"Records":[...]}. The same
// options give the same bytes, and a day is the same whether it is made alone or among others.
#pragma once

#include <cstdint>
#include <string>

#include "base/result.h"

namespace sluice {

struct GenerateOptions {
  uint64_t objects = 3'911;   // A day.
  uint64_t records = 17'648;  // A day, spread over the objects: 1 to 200 in each, most have few.
  uint32_t accounts = 12;
  uint32_t regions = 17;           // At most 17.
  std::string day = "2024-02-08";  // The first.
  uint32_t days = 1;
  uint32_t scale = 1;  // Times objects and records.
  uint64_t seed = 1;
  std::string organisation = {};  // "o-a1b2c3d4e5": the layout of an organisation's trail.

  // What goes wrong in real trails; a day of each, on top of `objects` (but for `truncated`).
  uint32_t duplicates = 0;  // Objects delivered a second time, under another name.
  uint32_t truncated = 0;   // Objects that end in the middle.
  uint32_t strays = 0;      // A digest among the logs: JSON, but no Records in it.
  uint32_t digests = 0;     // A digest where digests belong, beside the logs.
};

struct Generated {
  uint64_t objects = 0;       // Files written, of whatever kind.
  uint64_t records = 0;       // In them, duplicates and what was cut off included.
  uint64_t records_cut = 0;   // Of those, in truncated objects.
  uint64_t records_late = 0;  // Of those, with a time of the day before.
  uint64_t bytes = 0;         // As they lie there.
  uint64_t bytes_plain = 0;   // Inflated.
};

// Writes
// <directory>/AWSLogs/[<organisation>/]<account>/CloudTrail/<region>/YYYY/MM/DD/<name>.json.gz.
// Makes the directories that are missing and replaces files of the same name. `invalid` if the
// options can't be met; `denied` or `internal` with the path if the disk refuses.
Result<Generated> generate_cloudtrail(const std::string& directory, const GenerateOptions& options);

}  // namespace sluice
