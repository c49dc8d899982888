// Numbers around a library that turns all of them into doubles (jq 1.6): none may change its value,
// and one that comes out as it went in shall be written as it was.
//
// A number that a double can't give back, digit for digit (9007199254740993, 1e400), is refused
// before: whatever is computed or compared with it would be another number. One that a double gives
// back but writes in another way (1.10, 1.0, 1e3) gets its own text again where it comes out,
// unless the record has the same number in two ways; then it stays as the library wrote it.
#pragma once

#include <string>
#include <string_view>
#include <unordered_map>

#include "base/result.h"

namespace sluice {

class ExactNumbers {
 public:
  // Looks at a record, which must be valid JSON and outlive what follows. corrupt: it has a number
  // that a double can't hold.
  Status take(std::string_view record);
  // Appends the text, valid JSON that was made of the record, with the record's own numbers.
  void restore(std::string_view text, std::string& out) const;

 private:
  // By value; empty texts where there are several.
  std::unordered_map<std::string, std::string_view> texts_;
};

}  // namespace sluice
