#include "json/value.h"

#include <simdjson.h>

#include <array>

namespace sluice::json {

namespace {

constexpr std::string_view replacement = "\xEF\xBF\xBD";  // U+FFFD

int hex_digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

// The code unit of the four digits at `i`; -1 if they aren't.
int code_unit(std::string_view text, size_t i) {
  if (i + 4 > text.size()) return -1;
  int unit = 0;
  for (size_t k = i; k < i + 4; ++k) {
    const int digit = hex_digit(text[k]);
    if (digit < 0) return -1;
    unit = unit * 16 + digit;
  }
  return unit;
}

void append_utf8(uint32_t code, std::string& out) {
  const auto tail = [](uint32_t bits) { return static_cast<char>(0x80 | (bits & 0x3F)); };
  if (code < 0x80) {
    out += static_cast<char>(code);
  } else if (code < 0x800) {
    out += {static_cast<char>(0xC0 | code >> 6), tail(code)};
  } else if (code < 0x10000) {
    out += {static_cast<char>(0xE0 | code >> 12), tail(code >> 6), tail(code)};
  } else {
    out += {static_cast<char>(0xF0 | code >> 18), tail(code >> 12), tail(code >> 6), tail(code)};
  }
}

bool is_high(int unit) {
  return unit >= 0xD800 && unit <= 0xDBFF;
}
bool is_low(int unit) {
  return unit >= 0xDC00 && unit <= 0xDFFF;
}

// Decodes the \u escape whose digits begin at `i`; answers where it ends (after a pair's second
// half).
size_t append_code(std::string_view text, size_t i, std::string& out) {
  const int unit = code_unit(text, i);
  if (unit < 0) {
    out += replacement;
    return i;
  }
  if (!is_high(unit) && !is_low(unit)) {
    append_utf8(static_cast<uint32_t>(unit), out);
    return i + 4;
  }
  const bool escape_follows = text.substr(i + 4).starts_with("\\u");
  const int second = is_high(unit) && escape_follows ? code_unit(text, i + 6) : -1;
  if (!is_low(second)) {
    out += replacement;
    return i + 4;
  }
  append_utf8(0x10000 + (static_cast<uint32_t>(unit - 0xD800) << 10) +
                  static_cast<uint32_t>(second - 0xDC00),
              out);
  return i + 10;
}

// The letter after the backslash, for escapes of two bytes; 0 for a byte that isn't escaped so.
char short_escape(char c) {
  switch (c) {
    case '"':
      return '"';
    case '\\':
      return '\\';
    case '\b':
      return 'b';
    case '\f':
      return 'f';
    case '\n':
      return 'n';
    case '\r':
      return 'r';
    case '\t':
      return 't';
    default:
      return 0;
  }
}

char short_unescape(char letter) {
  switch (letter) {
    case '"':
      return '"';
    case '\\':
      return '\\';
    case '/':
      return '/';
    case 'b':
      return '\b';
    case 'f':
      return '\f';
    case 'n':
      return '\n';
    case 'r':
      return '\r';
    case 't':
      return '\t';
    default:
      return 0;
  }
}

bool must_escape(char c) {
  return static_cast<unsigned char>(c) < 0x20 || c == '"' || c == '\\';
}

}  // namespace

Kind kind(std::string_view raw) {
  switch (raw.empty() ? 'n' : raw.front()) {
    case '{':
      return Kind::object;
    case '[':
      return Kind::array;
    case '"':
      return Kind::string;
    case 't':
    case 'f':
      return Kind::boolean;
    case 'n':
      return Kind::null;
    default:
      return Kind::number;
  }
}

std::string_view describe(Kind kind) {
  constexpr std::array<std::string_view, 6> words = {"an object", "an array",      "a string",
                                                     "a number",  "true or false", "null"};
  return words[static_cast<size_t>(kind)];
}

bool append_text(std::string_view raw, std::string& out) {
  switch (kind(raw)) {
    case Kind::string:
      if (raw.size() <= 2) return false;
      append_unescaped(raw.substr(1, raw.size() - 2), out);
      return true;
    case Kind::number:
    case Kind::boolean:
      out += raw;
      return true;
    default:
      return false;
  }
}

std::optional<std::string> as_text(std::string_view raw) {
  std::string text;
  if (!append_text(raw, text)) return std::nullopt;
  return text;
}

void append_unescaped(std::string_view inside, std::string& out) {
  for (size_t i = 0; i < inside.size();) {
    const size_t slash = std::min(inside.find('\\', i), inside.size());
    out.append(inside, i, slash - i);
    if (slash == inside.size()) return;
    const char letter = slash + 1 < inside.size() ? inside[slash + 1] : 0;
    if (letter == 'u') {
      i = append_code(inside, slash + 2, out);
    } else if (const char decoded = short_unescape(letter)) {
      out += decoded;
      i = slash + 2;
    } else {
      out += replacement;
      i = slash + 2;
    }
  }
}

std::string unescape(std::string_view inside) {
  std::string text;
  append_unescaped(inside, text);
  return text;
}

void append_quoted(std::string_view text, std::string& out) {
  constexpr std::string_view digits = "0123456789abcdef";
  out += '"';
  size_t plain = 0;
  for (size_t i = 0; i < text.size(); ++i) {
    if (!must_escape(text[i])) continue;
    out.append(text, plain, i - plain);
    plain = i + 1;
    out += '\\';
    if (const char letter = short_escape(text[i])) {
      out += letter;
    } else {
      const auto byte = static_cast<unsigned char>(text[i]);
      out += {'u', '0', '0', digits[byte >> 4], digits[byte & 15]};
    }
  }
  out.append(text, plain);
  out += '"';
}

std::string quote(std::string_view text) {
  std::string quoted;
  quoted.reserve(text.size() + 2);
  append_quoted(text, quoted);
  return quoted;
}

bool is_utf8(std::string_view text) {
  return simdjson::validate_utf8(text.data(), text.size());
}

}  // namespace sluice::json
