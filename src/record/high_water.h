// How far the records of an incremental source have come: the greatest value of their cursor field,
// and which of them lie so near below it that the next pass gets them once more. Records whose
// value can't be right yet (a date in the future) don't move it: they lie *beyond*, and are known
// again as long as they do.
//
// Values are whole numbers: a time in nanoseconds since 1970, or an integer as it is. Records are
// known by a hash of their bytes. In any order the same records give the same high water.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace sluice {

class HighWater {
 public:
  struct Mark {
    int64_t value = 0;
    uint64_t record = 0;
    auto operator<=>(const Mark&) const = default;
  };

  // A record, seen anew or once more. `lookback`: so far below the greatest a value is kept.
  void add(Mark mark, uint64_t lookback);
  // Likewise, but of no weight: the greatest stays what it is.
  void add_beyond(Mark mark) { beyond_.push_back(mark); }
  void merge(const HighWater& other, uint64_t lookback);
  // Where there is no greatest yet: this one, without a record.
  void begin_at(int64_t value) {
    if (!greatest_) greatest_ = value;
  }
  // Drops what lies further below the greatest than `lookback`, and what is there twice.
  void settle(uint64_t lookback);

  std::optional<int64_t> greatest() const { return greatest_; }
  // After settle(): the greatest first.
  const std::vector<Mark>& near() const { return near_; }
  const std::vector<Mark>& beyond() const { return beyond_; }
  bool had(Mark mark) const;
  size_t size() const { return near_.size() + beyond_.size(); }

  // near() and beyond() as text, each as its distance to the greatest and its record, in
  // hexadecimal; a plus is before what lies beyond: "0:9f86d081884c7d65 3b9aca00:… +4d2:…". There
  // must be a greatest. Reading gives nothing for any other text.
  std::string print_near() const;
  static std::optional<HighWater> parse(int64_t greatest, std::string_view near);

 private:
  std::optional<int64_t> greatest_;
  std::vector<Mark> near_;
  std::vector<Mark> beyond_;
  size_t settle_at_ = 4096;  // Marks: then it is worth looking which can go
};

}  // namespace sluice
