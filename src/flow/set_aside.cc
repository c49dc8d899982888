#include "flow/set_aside.h"

#include "base/checksum.h"
#include "json/bytes_text.h"
#include "json/value.h"

namespace sluice {
namespace {

// Whether bytes can be kept as text that is no longer than their base 64: a control character takes
// six.
bool is_readable(std::string_view bytes) {
  constexpr size_t few = 64;
  size_t longer = 0;
  for (const unsigned char c : bytes) longer += c < ' ' ? 5 : c == '"' || c == '\\' ? 1 : 0;
  return longer <= bytes.size() / 3 + few && json::is_utf8(bytes);
}

}  // namespace

SetAside partial(const Document& document, uint64_t records, const DocumentFault& fault) {
  SetAside what{.document = document.name, .offset = fault.offset, .reason = fault.reason};
  what.whole = records == 0;
  if (what.whole) return what;
  what.partial = true;
  what.reason = "partial: " + std::to_string(records) + " records kept, ";
  if (fault.unproven && fault.unproven->from < fault.offset) {
    what.reason += "those from byte " + std::to_string(fault.unproven->from) +
                   " on unproven (no good checksum has ended " + fault.unproven->piece + "), ";
  }
  what.reason += "then " + fault.reason;
  return what;
}

std::string set_aside_line(const Secrets& secrets, const SetAside& what, std::string_view document,
                           std::string_view bytes) {
  std::string line = R"({"document":)";
  json::append_quoted(secrets.hide(json::text_of_bytes(document)), line);
  line += R"(,"offset":)" + std::to_string(what.offset) + R"(,"reason":)";
  json::append_quoted(secrets.hide(json::text_of_bytes(what.reason)), line);
  if (is_readable(bytes)) {
    line += R"(,"text":)";
    json::append_quoted(bytes, line);
  } else {
    line += R"(,"base64":")" + base64(bytes) + '"';
  }
  line += '}';
  return line;
}

}  // namespace sluice
