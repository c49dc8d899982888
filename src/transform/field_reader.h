// Reads fields out of records for transforms, which are const and shared by all workers: scanners
// are lent to whoever reads and kept for the next. Safe from any thread.
#pragma once

#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "json/path.h"
#include "json/scan.h"

namespace sluice {

// Raw JSON of the wanted fields, in their order; views into the record.
using FieldValues = std::span<const std::optional<std::string_view>>;

class FieldReader {
 public:
  explicit FieldReader(std::vector<json::Path> paths) : paths_(std::move(paths)) {}

  // What `use` makes of the record's fields. corrupt: the record is no JSON.
  template <class Use>
  auto read(std::string_view record, Use&& use) const -> decltype(use(FieldValues())) {
    if (paths_.empty()) return use(FieldValues());
    const Loan loan(*this);
    TRY(scan(*loan.tools, record));
    return use(FieldValues(loan.tools->values));
  }

 private:
  struct Tools {
    json::Scanner scanner;
    std::vector<std::optional<std::string_view>> values;
  };
  struct Loan {
    explicit Loan(const FieldReader& from) : from(from), tools(from.borrow()) {}
    ~Loan() { from.give_back(std::move(tools)); }
    Loan(const Loan&) = delete;
    Loan& operator=(const Loan&) = delete;
    const FieldReader& from;
    std::unique_ptr<Tools> tools;
  };
  std::unique_ptr<Tools> borrow() const;
  void give_back(std::unique_ptr<Tools> tools) const;
  static Status scan(Tools& tools, std::string_view record);

  const std::vector<json::Path> paths_;
  mutable std::mutex mutex_;
  mutable std::vector<std::unique_ptr<Tools>> idle_;  // Guarded by mutex_
};

}  // namespace sluice
