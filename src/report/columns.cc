#include "report/columns.h"

#include <algorithm>

namespace sluice::report {
namespace {

constexpr size_t gap = 2;

// Of UTF-8: characters, not bytes.
size_t width(const std::string& text) {
  return static_cast<size_t>(
      std::count_if(text.begin(), text.end(), [](char c) { return (c & 0xC0) != 0x80; }));
}

}  // namespace

std::string Columns::text() const {
  std::vector<size_t> widths;
  for (size_t i = 0; i < heads_.size(); ++i) {
    size_t most = width(heads_[i].name);
    for (const auto& row : rows_) most = std::max(most, width(row[i]));
    widths.push_back(most);
  }
  std::string out;
  const auto line = [&](const auto& cell) {
    for (size_t i = 0; i < heads_.size(); ++i) {
      const std::string& text = cell(i);
      const size_t blanks = widths[i] - width(text);
      const bool right = heads_[i].align == Align::right;
      out.append((i > 0 ? gap : 0) + (right ? blanks : 0), ' ');
      out += text;
      if (!right) out.append(blanks, ' ');
    }
    while (out.ends_with(' ')) out.pop_back();
    out += '\n';
  };
  line([&](size_t i) -> const std::string& { return heads_[i].name; });
  for (const auto& row : rows_) line([&](size_t i) -> const std::string& { return row[i]; });
  return out;
}

std::string grouped(uint64_t number) {
  const std::string digits = std::to_string(number);
  std::string text;
  for (size_t i = 0; i < digits.size(); ++i) {
    if (i > 0 && (digits.size() - i) % 3 == 0) text += ',';
    text += digits[i];
  }
  return text;
}

}  // namespace sluice::report
