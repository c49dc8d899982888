// A compiled jq program, and what it makes of a record. The door to libjq is its source.
//
// libjq can't be told to stop, takes what memory it wants and ends the process when there is none:
// so records go through it in a process of its own (jq_server.h).
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"

namespace sluice {

// One thread at a time.
class JqProgram {
 public:
  // `invalid`: jq's own words.
  static Result<std::unique_ptr<JqProgram>> compile(const std::string& text);
  virtual ~JqProgram() = default;
  // The text that comes of the record, with the record's own numbers; nothing if the program gives
  // no result. corrupt: it can't be done with this record.
  virtual Result<std::optional<std::string>> run(std::string_view record) = 0;
};

}  // namespace sluice
