#include "json/items.h"

#include "json/kernels.h"

namespace sluice::json {
namespace {

bool is_blank(char c) {
  return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

}  // namespace

size_t skip_blanks(std::string_view text, size_t at) {
  while (at < text.size() && is_blank(text[at])) ++at;
  return at;
}

size_t value_end(std::string_view text, size_t at) {
  if (at >= text.size()) return text.size();
  const std::string_view rest = text.substr(at + 1);
  if (text[at] == '{' || text[at] == '[') {
    Skim skim;
    return at + 1 + kernels().skim(rest.data(), rest.size(), skim);
  }
  if (text[at] == '"') {
    uint64_t escaped = 0;
    const size_t end = kernels().string_end(rest.data(), rest.size(), escaped);
    return end > 0 ? at + 1 + end : text.size();
  }
  size_t end = at;
  while (end < text.size() && !is_blank(text[end]) && text[end] != ',' && text[end] != '}' &&
         text[end] != ']') {
    ++end;
  }
  return end;
}

}  // namespace sluice::json
