#include "json_scan.h"

#include <cstdlib>

#include "base/text.h"

namespace sluice::fake_api {
namespace {

void skip_blanks(std::string_view& rest) {
  while (!rest.empty() &&
         std::string_view(" \t\r\n").find(rest.front()) != std::string_view::npos) {
    rest.remove_prefix(1);
  }
}

std::string_view take_string(std::string_view& rest) {
  size_t end = 1;
  while (end < rest.size() && rest[end] != '"') end += rest[end] == '\\' ? 2 : 1;
  const std::string_view taken = rest.substr(0, end + 1);
  rest.remove_prefix(std::min(rest.size(), end + 1));
  return taken;
}

std::string_view take_value(std::string_view& rest) {
  skip_blanks(rest);
  if (rest.empty()) return {};
  if (rest.front() == '"') return take_string(rest);
  const std::string_view from = rest;
  size_t depth = 0;
  while (!rest.empty()) {
    const char c = rest.front();
    if (c == '"') {
      take_string(rest);
      continue;
    }
    if (depth == 0 && std::string_view(",]}: \t\r\n").find(c) != std::string_view::npos) break;
    if (c == '{' || c == '[') ++depth;
    if (c == '}' || c == ']') --depth;
    rest.remove_prefix(1);
    if (depth == 0 && (c == '}' || c == ']')) break;
  }
  return from.substr(0, from.size() - rest.size());
}

// Goes past a comma; false at the end.
bool goes_on(std::string_view& rest, char end) {
  skip_blanks(rest);
  if (!rest.empty() && rest.front() == ',') rest.remove_prefix(1);
  skip_blanks(rest);
  return !rest.empty() && rest.front() != end;
}

void append_utf8(uint32_t point, std::string& out) {
  if (point < 0x80) {
    out += static_cast<char>(point);
  } else if (point < 0x800) {
    out += static_cast<char>(0xC0 | point >> 6);
    out += static_cast<char>(0x80 | (point & 63));
  } else if (point < 0x10000) {
    out += static_cast<char>(0xE0 | point >> 12);
    out += static_cast<char>(0x80 | (point >> 6 & 63));
    out += static_cast<char>(0x80 | (point & 63));
  } else {
    out += static_cast<char>(0xF0 | point >> 18);
    out += static_cast<char>(0x80 | (point >> 12 & 63));
    out += static_cast<char>(0x80 | (point >> 6 & 63));
    out += static_cast<char>(0x80 | (point & 63));
  }
}

uint32_t four_digits(std::string_view text) {
  return static_cast<uint32_t>(std::strtoul(std::string(text.substr(0, 4)).c_str(), nullptr, 16));
}

// `text` stands behind the backslash; how many bytes of it were the escape.
size_t append_escape(std::string_view text, std::string& out) {
  constexpr std::string_view names = "bfnrt", meant = "\b\f\n\r\t";
  const size_t known = names.find(text.front());
  if (known != names.npos) {
    out += meant[known];
    return 1;
  }
  if (text.front() != 'u' || text.size() < 5) {
    out += text.front();
    return 1;
  }
  uint32_t point = four_digits(text.substr(1));
  const bool is_pair = point >= 0xD800 && point < 0xDC00 && text.substr(5).starts_with("\\u");
  if (is_pair) point = 0x10000 + ((point - 0xD800) << 10) + (four_digits(text.substr(7)) - 0xDC00);
  append_utf8(point, out);
  return is_pair ? 11 : 5;
}

}  // namespace

std::vector<std::string_view> json_elements(std::string_view array) {
  std::vector<std::string_view> found;
  skip_blanks(array);
  if (array.empty() || array.front() != '[') return found;
  array.remove_prefix(1);
  while (goes_on(array, ']')) {
    const std::string_view value = take_value(array);
    if (value.empty()) break;
    found.push_back(value);
  }
  return found;
}

std::vector<std::pair<std::string, std::string_view>> json_members(std::string_view object) {
  std::vector<std::pair<std::string, std::string_view>> found;
  skip_blanks(object);
  if (object.empty() || object.front() != '{') return found;
  object.remove_prefix(1);
  while (goes_on(object, '}') && object.front() == '"') {
    std::string name = json_text(take_string(object));
    skip_blanks(object);
    if (object.empty() || object.front() != ':') break;
    object.remove_prefix(1);
    found.emplace_back(std::move(name), take_value(object));
  }
  return found;
}

std::string_view json_at(std::string_view text, std::string_view path) {
  std::string_view value = take_value(text);
  for (const std::string_view name : split(path, '.')) {
    if (name.empty()) continue;
    std::string_view found;
    for (const auto& [known, one] : json_members(value)) {
      if (known == name) found = one;
    }
    value = found;
  }
  return value;
}

std::string json_text(std::string_view value) {
  if (value.empty() || value == "null") return {};
  if (value.front() != '"') return std::string(value);
  std::string out;
  value = value.substr(1, value.size() - std::min<size_t>(value.size(), 2));
  while (!value.empty()) {
    const char c = value.front();
    value.remove_prefix(1);
    if (c == '\\' && !value.empty()) {
      value.remove_prefix(append_escape(value, out));
    } else {
      out += c;
    }
  }
  return out;
}

}  // namespace sluice::fake_api
