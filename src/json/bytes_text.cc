#include "json/bytes_text.h"

#include "json/value.h"

namespace sluice::json {
namespace {

constexpr char mark = '\0';

}  // namespace

std::string text_of_bytes(std::string_view bytes) {
  if (!bytes.starts_with(mark) && is_utf8(bytes)) return std::string(bytes);
  std::string text(1, mark);
  for (const char c : bytes) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte < 0x80) {
      text += c;
    } else {
      text += static_cast<char>(0xC0 | (byte >> 6));
      text += static_cast<char>(0x80 | (byte & 0x3F));
    }
  }
  return text;
}

// What this program didn't write so stays as it is.
std::string bytes_of_text(std::string text) {
  if (!text.starts_with(mark)) return text;
  std::string bytes;
  for (size_t i = 1; i < text.size(); ++i) {
    const auto byte = static_cast<unsigned char>(text[i]);
    if (byte < 0x80) {
      bytes += text[i];
      continue;
    }
    if ((byte & 0xFC) != 0xC0 || i + 1 == text.size()) return text;
    const auto more = static_cast<unsigned char>(text[++i]);
    bytes += static_cast<char>((byte & 3) << 6 | (more & 0x3F));
  }
  return bytes;
}

}  // namespace sluice::json
