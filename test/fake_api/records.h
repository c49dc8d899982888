// The records that are served: the elements of documents as they stand there, or generated ones. A
// generated record is a pure function of its number, the seed and the size asked for: some bodies
// are made once, and each record is one of them behind a head of its own. Pages point at the
// bodies, so serving costs no copy and no memory that grows with how many there are.
//
//   {"id":9007199254740993,"index":0,"updated_at":"2026-11-01T00:00:00Z", ...the body
//
// Constant once made, but for their count.
#pragma once

#include <cstdint>
#include <deque>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "rope.h"

namespace sluice::fake_api {

struct RecordOptions {
  uint64_t count = 1'000;
  uint64_t record_bytes = 1'000;  // About
  uint64_t seed = 1;
  uint64_t bodies = 512;               // Different ones
  int64_t seconds_apart = 60;          // From one updated_at to the next
  std::vector<std::string> documents;  // "FILE[:path]" or a folder; instead of generated ones
};

// From the first, and how many.
struct Span {
  uint64_t first = 0, count = 0;
};

class Records {
 public:
  static Result<Records> make(const RecordOptions& options);

  uint64_t count() const { return count_; }
  // Of generated ones, for more to come while a test runs.
  void set_count(uint64_t count);
  // Of updated_at: one after the other, or record i on the (i % 5)th of five days.
  enum class Times : uint8_t { ascending, interleaved };
  // As they stand in JSON, with `between` between them.
  void append(Span span, std::string_view between, Times times, Rope& out) const;
  std::string record(uint64_t index, Times times = Times::ascending) const;
  // Generated records alone.
  std::string id(uint64_t index) const;
  uint64_t index_of_id(std::string_view id) const;  // count() if there is none
  std::string csv_row(uint64_t index) const;        // With the line break
  int64_t updated_at(uint64_t index, Times times) const;
  // Those whose updated_at is in [from, to), in seconds.
  Span between(int64_t from_seconds, int64_t to_seconds) const;

 private:
  Status load(const std::string& what);
  std::string head(uint64_t index, Times times) const;

  RecordOptions options_;
  uint64_t count_ = 0;
  std::vector<std::string> bodies_;          // Behind the heads
  std::deque<std::string> texts_;            // Of documents
  std::vector<std::string_view> documents_;  // Into texts_
};

constexpr std::string_view csv_header = "id,index,updated_at,note\n";

}  // namespace sluice::fake_api
