// What stands where in one answer of an HTTP API: its records, and what lies beside them. Pure; it
// knows shapes, not what they mean for the next page (guess_next.h) or for a job (guess_job.h).
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "http/http.h"
#include "json/path.h"

namespace sluice {

struct ApiAnswer {
  std::string url;  // As it was asked for
  Headers headers;
  std::string body;  // Neither chunked nor compressed
};

// A value beside the records that isn't an object or an array.
struct AnswerField {
  json::Path path;
  std::string raw;  // JSON
};

struct AnswerShape {
  enum class Form : uint8_t { array, single, lines, csv };
  Form form = Form::single;
  json::Path records;                   // Of the array
  uint64_t count = 0;                   // Records in this answer
  std::vector<json::Path> other_lists;  // Arrays of objects that are smaller
  std::vector<AnswerField> fields;      // In the body's order
};

// Of an API with thousands of members beside its records (an object used as a table) the first are
// enough to find a cursor in.
inline constexpr size_t answer_fields_max = 500;

// The records are the largest array of objects that lies in objects alone; else the first array,
// empty or not; else the whole body. `corrupt`: neither JSON nor lines of it nor CSV.
Result<AnswerShape> shape_of(const ApiAnswer& answer);

// A name without its case and punctuation, to be held against known ones: "next_page-Token" and
// "nextPageToken" are "nextpagetoken".
std::string bare_name(std::string_view name);
// That of the member that a path leads to; empty for the whole body.
std::string bare_name(const json::Path& path);

}  // namespace sluice
