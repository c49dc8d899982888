// The command line of fake_api.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "faults.h"
#include "gates.h"
#include "records.h"

namespace sluice::fake_api {

extern const std::string_view usage;

// How pages are made.
struct PageOptions {
  uint64_t page_records = 100;
  std::string records_key = "items";
  std::string token_key = "next_token", token_parameter = "token";
  // What stands in the last page: missing, null, empty, same (as asked for), past (one more page,
  // that is empty).
  std::string last_token = "missing";
  std::string links = "absolute";  // Or path, or query: "?page=2"
  bool envelope_first = false;     // Its members before the records
  uint64_t first_page = 1;
  bool gzip = false, chunked = false;
};

struct Options {
  uint16_t port = 0;
  uint64_t bytes_per_second = 0;
  RecordOptions records;
  PageOptions pages;
  AuthOptions auth;
  std::vector<std::string> exchanges;
  FaultPlan faults;
  Nanoseconds latency = 0;
  uint64_t rate = 0;
  int64_t rate_seconds = 1;
  // What to print instead of serving: "", "lines", "csv" or "digest", of these.
  std::string expect;
  uint64_t from = 0, to = UINT64_MAX;
  bool wants_help = false;
};

Result<Options> read_options(const std::vector<std::string>& words);

}  // namespace sluice::fake_api
