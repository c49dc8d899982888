// A whole job as a text: the job in its own words, the objects it is given, and what must be in the
// lake and in the report afterwards.
//
//   title: A line that is not JSON is set aside; its neighbours arrive.
//   job:
//     name: orders
//     source: { objects: "given/" }
//     decode: jsonl
//     sink: { lake: "lake/", partition: "dt={.time:%F}/", format: jsonl }
//   given:
//     1.jsonl: |                      Its text; or how it is made: { text: "...", gzip: true,
//       {"id":1,...}                  drop_last: 9 }, { base64: "..." }, { repeat: "[", times: 9,
//       not json                      text: "..." behind it }. A list is put together of such.
//   units: [2024-02-08]               Those to do, if the job's default isn't meant
//   expect:
//     lake:                           All there is, unpacked; a folder stands for its objects
//       dt=2026-08-22/: |
//         {"id":1,...}
//     report: { records: 1, set_aside: 1 }
//     set_aside: ["not JSON"]         A part of each reason, in order
//     warnings: ["ignored"]           Likewise
//     error: "no unit found"          A part of it
//     exit: 3
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace sluice {

struct GoldenResult {
  std::string title;
  std::vector<std::string> differences;  // None: all is as it must be
};

// `invalid` if the text is no golden job.
Result<GoldenResult> run_golden_job(std::string_view file_name, std::string_view text);

}  // namespace sluice
