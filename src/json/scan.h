// Checks that a text is one JSON value and, in the same pass, finds wanted values in it. This is
// the inner loop of every job: each record goes through it once.
//
// Strict: RFC 8259's grammar, UTF-8, at most depth_max containers inside each other. Numbers may be
// of any length and are never converted. A lone surrogate in an escape ("\ud800") is within the
// grammar and passes. What a raw value means (text, number, missing) is value.h's.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "json/path.h"

namespace sluice::json {

// The design's limit for records and for the envelope around them.
inline constexpr size_t depth_max = 1024;

// Where a text stops being JSON. The words are constants: they need no memory.
struct Fault {
  uint64_t offset = 0;  // Of the first byte that can't be right; the text's size if it is cut short
  std::string_view reason = {};  // "expected ':' after a key"
  bool truncated = false;        // It could still become JSON with more bytes behind it
  std::string message() const;   // "at byte 17: expected ':' after a key"
};

// One thread at a time; reuse it, its memory stays. About 80 KiB.
class Scanner {
 public:
  // Results come in the order of `wanted`; a path may be wanted twice.
  explicit Scanner(const std::vector<Path>& wanted = {});
  Scanner(Scanner&&) noexcept;
  Scanner& operator=(Scanner&&) noexcept;
  ~Scanner();

  // False: fault() tells why. Never reads outside of `text`, which needs no padding. Allocates
  // nothing. At most 4 GiB - 1.
  bool scan(std::string_view text);

  // The following are about the last scan that answered true, and point into its text.

  // The text of a wanted value without blanks around it: `"2024-02-08T..."` with its quotes,
  // `1.10`,
  // `{"a":1}`. Nothing if the record lacks it. Of members with one key, the first counts.
  std::optional<std::string_view> raw(size_t wanted) const;
  // The value without blanks around it.
  std::string_view value() const;
  // Is there a CR or LF between tokens of value()? Then compact() it (edit.h) for a line.
  bool has_line_break() const;

  // About the last scan that answered false.
  const Fault& fault() const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

// The first fault of a text, byte by byte: slow and plain. Nothing if the text is one JSON value.
// Scanner calls it to word its errors; tests hold both against each other.
std::optional<Fault> find_fault(std::string_view text);

}  // namespace sluice::json
