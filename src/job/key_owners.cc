#include "job/key_owners.h"

#include <algorithm>
#include <unordered_set>
#include <utility>

namespace sluice {
namespace {

// What stands in one piece in each key of this form, from its front to its back.
std::vector<std::string> texts_of(const std::vector<ledger::NamePiece>& pieces) {
  std::vector<std::string> texts;
  bool goes_on = false;
  for (const ledger::NamePiece& piece : pieces) {
    const bool is_text = piece.kind == ledger::NamePiece::Kind::text;
    if (is_text && goes_on) {
      texts.back() += piece.text;
    } else if (is_text) {
      texts.push_back(piece.text);
    }
    goes_on = is_text;
  }
  return texts;
}

// Which of the texts tells most of the units apart; of those that do alike the longest.
size_t most_telling(const std::vector<std::vector<std::string>>& all) {
  size_t best = 0;
  std::pair<size_t, size_t> best_tells = {0, 0};
  for (size_t at = 0;; ++at) {
    std::unordered_set<std::string_view> different;
    size_t longest = 0;
    for (const std::vector<std::string>& texts : all) {
      if (at >= texts.size()) continue;
      different.insert(texts[at]);
      longest = std::max(longest, texts[at].size());
    }
    if (different.empty()) return best;
    const std::pair tells{different.size(), longest};
    if (tells > best_tells) best = at, best_tells = tells;
  }
}

}  // namespace

KeyOwners::KeyOwners(std::span<const ledger::UnitPtr> units) : units_(units) {
  add(&ledger::Names::pieces);
  add(&ledger::Names::copies);
}

void KeyOwners::add(Form form) {
  std::vector<std::vector<std::string>> all;
  all.reserve(units_.size());
  for (const ledger::UnitPtr& unit : units_) all.push_back(texts_of(unit->names.*form));
  const size_t at = most_telling(all);
  for (uint32_t i = 0; i < units_.size(); ++i) {
    if ((units_[i]->names.*form).empty()) continue;
    if (at >= all[i].size()) {
      by_nothing_.push_back(i);
      continue;
    }
    const std::string& text = texts_.emplace_back(std::move(all[i][at]));
    lengths_.insert(text.size());
    by_text_[text].push_back(i);
  }
}

std::vector<uint32_t> KeyOwners::candidates(std::string_view key) const {
  std::vector<uint32_t> found = by_nothing_;
  for (const size_t length : lengths_) {
    for (size_t begin = 0; begin + length <= key.size(); ++begin) {
      const auto some = by_text_.find(key.substr(begin, length));
      if (some != by_text_.end())
        found.insert(found.end(), some->second.begin(), some->second.end());
    }
  }
  std::ranges::sort(found);
  return found;
}

std::optional<size_t> KeyOwners::owner_of(std::string_view key) const {
  for (const uint32_t i : candidates(key)) {
    if (units_[i]->names.is_unit_key(key)) return i;
  }
  return std::nullopt;
}

}  // namespace sluice
