// Which of many units a key is of: as Names::is_unit_key says of each in turn, but without asking
// each. Thousands of units and thousands of keys meet where a lake is swept, and each question
// walks the key's form.
#pragma once

#include <cstdint>
#include <deque>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "ledger/unit.h"

namespace sluice {

class KeyOwners {
 public:
  // They outlive this. Of a job's units, whose names have one form.
  explicit KeyOwners(std::span<const ledger::UnitPtr> units);
  KeyOwners(const KeyOwners&) = delete;
  KeyOwners& operator=(const KeyOwners&) = delete;

  // The first of them that may have written the key, as an index.
  std::optional<size_t> owner_of(std::string_view key) const;
  // Those that are asked for it, in order: few of units whose names differ, however many they are.
  std::vector<uint32_t> candidates(std::string_view key) const;

 private:
  using Form = std::vector<ledger::NamePiece> ledger::Names::*;
  void add(Form form);

  const std::span<const ledger::UnitPtr> units_;
  // By a text that stands in all keys of a unit, and that others don't have, as far as there is one
  std::deque<std::string> texts_;
  std::unordered_map<std::string_view, std::vector<uint32_t>> by_text_;
  std::set<size_t> lengths_;          // Of them
  std::vector<uint32_t> by_nothing_;  // Their keys have no text
};

}  // namespace sluice
