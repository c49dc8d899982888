// Text in columns, as wide as their longest entry. Pure.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace sluice::report {

enum class Align : uint8_t { left, right };

class Columns {
 public:
  struct Head {
    std::string name;
    Align align = Align::right;
  };
  explicit Columns(std::vector<Head> heads) : heads_(std::move(heads)) {}

  void add(std::vector<std::string> row) { rows_.push_back(std::move(row)); }
  bool empty() const { return rows_.empty(); }
  std::string text() const;  // The heads and a line for each row

 private:
  std::vector<Head> heads_;
  std::vector<std::vector<std::string>> rows_;
};

// 17648 as "17,648".
std::string grouped(uint64_t number);

}  // namespace sluice::report
