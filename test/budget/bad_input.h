// Inputs that cost more than they weigh: records of a byte or two, lines that are all bad, records
// of which a transform makes many times as much.
#pragma once

#include <cstdint>
#include <string>

namespace sluice {

// Each writes its documents into a folder and answers how many records go to the lake.
class BadInput {
 public:
  // `mib`: of text, about, where one document is as good as ten.
  explicit BadInput(size_t mib) : bytes_(mib << 20) {}

  uint64_t bad_lines(const std::string& folder) const;
  uint64_t digit_lines(const std::string& folder) const;
  uint64_t short_lines(const std::string& folder) const;
  uint64_t short_lines_few(const std::string& folder) const;
  uint64_t tiny_numbers(const std::string& folder) const;
  uint64_t spoilt_numbers(const std::string& folder) const;
  uint64_t bad_rows(const std::string& folder) const;
  uint64_t nested(const std::string& folder) const;
  uint64_t wide(const std::string& folder) const;
  uint64_t large_field(const std::string& folder) const;
  // Small records that become nearly as long as a record may be: by flatten, by thirty copies.
  uint64_t swelling(const std::string& folder) const;
  uint64_t field(const std::string& folder) const;
  // Small documents, and a large one, each a frame of zstd that wants a window of 8 MiB.
  uint64_t windows(const std::string& folder) const;
  // Records of 80 bytes, each with a place of so many, at random.
  static uint64_t places(const std::string& folder, uint64_t count, uint64_t records);
  // Words of `set` that copy that field.
  static std::string copies(int count, const std::string& of = "{.big}");

 private:
  size_t bytes_;
};

}  // namespace sluice
