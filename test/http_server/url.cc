#include "http_server/url.h"

#include <array>
#include <cstdint>

namespace sluice::http_server {
namespace {

constexpr char upper_digits[] = "0123456789ABCDEF";
constexpr char lower_digits[] = "0123456789abcdef";

int hex_digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

constexpr std::array<bool, 256> unreserved = [] {
  std::array<bool, 256> table{};
  for (int c = 'a'; c <= 'z'; ++c) table[c] = true;
  for (int c = 'A'; c <= 'Z'; ++c) table[c] = true;
  for (int c = '0'; c <= '9'; ++c) table[c] = true;
  for (const char c : {'-', '.', '_', '~'}) table[static_cast<uint8_t>(c)] = true;
  return table;
}();

void append_percent(char c, std::string& out) {
  const auto byte = static_cast<uint8_t>(c);
  out += '%';
  out += upper_digits[byte >> 4];
  out += upper_digits[byte & 15];
}

}  // namespace

bool append_decoded(std::string_view text, Plus plus, std::string& out) {
  for (size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (c == '%') {
      if (i + 2 >= text.size()) return false;
      const int high = hex_digit(text[i + 1]), low = hex_digit(text[i + 2]);
      if (high < 0 || low < 0) return false;
      out += static_cast<char>(high << 4 | low);
      i += 2;
    } else {
      out += c == '+' && plus == Plus::is_blank ? ' ' : c;
    }
  }
  return true;
}

void append_encoded(std::string_view text, Slash slash, std::string& out) {
  for (const char c : text) {
    if (unreserved[static_cast<uint8_t>(c)] || (c == '/' && slash == Slash::kept)) {
      out += c;
    } else {
      append_percent(c, out);
    }
  }
}

void append_listing_encoded(std::string_view text, std::string& out) {
  for (const char c : text) {
    if (c == ' ') {
      out += '+';
    } else if (c == '/' || c == '*' || (c != '~' && unreserved[static_cast<uint8_t>(c)])) {
      out += c;
    } else {
      append_percent(c, out);
    }
  }
}

void append_xml(std::string_view text, std::string& out) {
  for (const char c : text) {
    switch (c) {
      case '&':
        out += "&amp;";
        break;
      case '<':
        out += "&lt;";
        break;
      case '>':
        out += "&gt;";
        break;
      case '"':
        out += "&quot;";
        break;
      default:
        if (static_cast<uint8_t>(c) < 0x20) {
          // As S3 does: a reference that XML 1.0 forbids, unless it is a tab or a line break.
          out += "&#x";
          if (static_cast<uint8_t>(c) >= 16) out += '1';
          out += lower_digits[c & 15];
          out += ';';
        } else {
          out += c;
        }
    }
  }
}

void append_json(std::string_view text, std::string& out) {
  out += '"';
  for (const char c : text) {
    if (c == '"' || c == '\\') {
      out += '\\';
      out += c;
    } else if (static_cast<uint8_t>(c) < 0x20) {
      out += "\\u00";
      out += lower_digits[static_cast<uint8_t>(c) >> 4];
      out += lower_digits[c & 15];
    } else {
      out += c;
    }
  }
  out += '"';
}

void append_hex(std::string_view bytes, std::string& out) {
  const size_t before = out.size();
  out.resize(before + 2 * bytes.size());
  char* to = out.data() + before;
  for (const char c : bytes) {
    *to++ = lower_digits[static_cast<uint8_t>(c) >> 4];
    *to++ = lower_digits[static_cast<uint8_t>(c) & 15];
  }
}

bool Query::parse(std::string_view text) {
  parameters_.clear();
  while (!text.empty()) {
    const size_t end = text.find('&');
    const std::string_view one = text.substr(0, end);
    text.remove_prefix(end == text.npos ? text.size() : end + 1);
    if (one.empty()) continue;
    const size_t equals = one.find('=');
    Parameter& parameter = parameters_.emplace_back();
    if (!append_decoded(one.substr(0, equals), Plus::is_blank, parameter.name)) return false;
    if (equals == one.npos) continue;
    if (!append_decoded(one.substr(equals + 1), Plus::is_blank, parameter.value)) return false;
  }
  return true;
}

const Parameter* Query::find(std::string_view name) const {
  for (const Parameter& parameter : parameters_) {
    if (parameter.name == name) return &parameter;
  }
  return nullptr;
}

}  // namespace sluice::http_server
