// C++ as tidy looks at it: lines without comments and without what stands in quotes.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace sluice {

struct CodeLine {
  std::string whole;  // As it stands.
  std::string code;   // Comments are gone; of "text" and 'c' the quotes are left.
};

std::vector<CodeLine> code_lines(std::string_view text);

// A function's first and last line, counted from 1.
struct FunctionSpan {
  int first = 0;
  int last = 0;
};

// Found by braces, so an approximation: good for counting lines, in code that clang-format has
// seen.
std::vector<FunctionSpan> function_spans(const std::vector<CodeLine>& lines);

}  // namespace sluice
