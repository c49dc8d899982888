#include "xml.h"

#include <array>
#include <cstdint>
#include <cstdlib>
#include <utility>

namespace sluice::fake_s3 {
namespace {

void append_utf8(uint32_t code, std::string& out) {
  if (code < 0x80) {
    out += static_cast<char>(code);
  } else if (code < 0x800) {
    out += static_cast<char>(0xC0 | code >> 6);
    out += static_cast<char>(0x80 | (code & 63));
  } else if (code < 0x10000) {
    out += static_cast<char>(0xE0 | code >> 12);
    out += static_cast<char>(0x80 | (code >> 6 & 63));
    out += static_cast<char>(0x80 | (code & 63));
  } else {
    out += static_cast<char>(0xF0 | (code >> 18 & 7));
    out += static_cast<char>(0x80 | (code >> 12 & 63));
    out += static_cast<char>(0x80 | (code >> 6 & 63));
    out += static_cast<char>(0x80 | (code & 63));
  }
}

void append_entity(std::string_view name, std::string& out) {
  static constexpr std::array<std::pair<std::string_view, char>, 5> known = {
      {{"amp", '&'}, {"lt", '<'}, {"gt", '>'}, {"quot", '"'}, {"apos", '\''}}};
  for (const auto& [word, c] : known) {
    if (word == name) {
      out += c;
      return;
    }
  }
  if (name.size() < 2 || name[0] != '#') return;
  const bool is_hex = name[1] == 'x';
  const std::string digits(name.substr(is_hex ? 2 : 1));
  append_utf8(static_cast<uint32_t>(std::strtoul(digits.c_str(), nullptr, is_hex ? 16 : 10)), out);
}

std::string unescaped(std::string_view text) {
  std::string out;
  for (size_t i = 0; i < text.size(); ++i) {
    const size_t end = text[i] == '&' ? text.find(';', i) : text.npos;
    if (end == text.npos) {
      out += text[i];
      continue;
    }
    append_entity(text.substr(i + 1, end - i - 1), out);
    i = end;
  }
  return out;
}

}  // namespace

std::optional<std::string_view> next_element(std::string_view& text, std::string_view name) {
  const std::string open = "<" + std::string(name), close = "</" + std::string(name) + ">";
  for (size_t at = text.find(open); at != text.npos; at = text.find(open, at + 1)) {
    const size_t behind = at + open.size();
    if (behind >= text.size()) break;
    if (text[behind] != '>' && text[behind] != ' ' && text[behind] != '/') continue;  // <Parts>
    const size_t begin = text.find('>', behind);
    if (begin == text.npos) break;
    if (text[begin - 1] == '/') {
      text.remove_prefix(begin + 1);
      return std::string_view();
    }
    const size_t end = text.find(close, begin);
    if (end == text.npos) break;
    const std::string_view inside = text.substr(begin + 1, end - begin - 1);
    text.remove_prefix(end + close.size());
    return inside;
  }
  return std::nullopt;
}

std::optional<std::string> element_text(std::string_view text, std::string_view name) {
  const auto inside = next_element(text, name);
  if (!inside) return std::nullopt;
  return unescaped(*inside);
}

}  // namespace sluice::fake_s3
