// Which fields records have, and how many of them: so that a later run can tell that they have
// changed. Top-level members of JSON objects (".id") and members of those (".user.name"); arrays
// are not entered.
//
// Only some records are looked at. Which is decided by where they stand, never by what has been
// seen or by timing, so that the same input always gives the same counts, however its records are
// dealt out to workers. Merging is in no order either.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <string_view>

namespace sluice {

class FieldCounts {
 public:
  using Counts = std::map<std::string, uint64_t, std::less<>>;

  // All near the beginning of the input, then one record of so many.
  static constexpr uint64_t every = 128;
  static constexpr uint64_t documents_looked_through = 16;
  static constexpr uint64_t bytes_looked_through = 32 << 10;  // Of each of them
  // `document`: its number in input order. `offset`: the record's, in the inflated document.
  static bool looks_at(uint64_t document, uint64_t offset) {
    if (document < documents_looked_through && offset < bytes_looked_through) return true;
    const uint64_t mixed = (document * 0x9E3779B97F4A7C15ULL + offset) * 0xD6E8FEB86659FD93ULL;
    return (mixed >> 32) % every == 0;
  }

  // More names than that of one level are no fields (ids as keys, say): the level isn't counted.
  static constexpr size_t names_max = 256;
  static constexpr size_t name_bytes_max = 128;  // Longer ones are passed over.

  // `text` is one JSON value. What isn't JSON does no harm, but its counts mean nothing.
  void look(std::string_view text);
  void merge(const FieldCounts& other);

  uint64_t looked_at() const { return looked_at_; }  // Records
  // Names to records. A field that a record has twice counts twice. Empty if there are too many.
  const Counts& top() const { return top_.counts; }
  const Counts& nested() const { return nested_.counts; }
  bool too_many_top() const { return top_.too_many; }
  bool too_many_nested() const { return nested_.too_many || top_.too_many; }

 private:
  struct Level {
    Counts counts;
    bool too_many = false;
    void add(std::string_view name, uint64_t records);
  };
  class Walk;

  uint64_t looked_at_ = 0;
  Level top_, nested_;
};

}  // namespace sluice
