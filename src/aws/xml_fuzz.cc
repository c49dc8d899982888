// Any bytes: parsed or refused, and whatever was parsed can be walked. Any text, escaped into a
// document of one element, comes back as it was (without control characters and line ends, which
// XML changes).
#include <cstdint>
#include <cstdlib>
#include <string>
#include <vector>

#include "aws/xml.h"

namespace sluice::aws {
namespace {

void must(bool condition) {
  if (!condition) std::abort();
}

// So many elements are below this one; depth is bounded by the input.
size_t walk(XmlElement element, size_t depth) {
  size_t count = element.text().size() + element.name().size();
  if (depth > 200) return count;
  for (const XmlElement child : element.all("")) {
    must(element.child(child.name()).name() == child.name());
    count += walk(child, depth + 1);
  }
  return count;
}

void check(std::string_view text) {
  auto document = XmlDocument::parse(text);
  if (document.ok()) {
    must(static_cast<bool>(document->root()));
    walk(document->root(), 0);
  } else {
    must(document.error().kind == ErrorKind::corrupt);
  }
  std::string clean;
  for (const char c : text) {
    if (static_cast<unsigned char>(c) >= 0x20) clean += c;
  }
  std::string body;
  append_xml_element("Key", clean, body);
  auto again = XmlDocument::parse(body);
  must(again.ok());
  must(again->root().text() == clean);
}

}  // namespace
}  // namespace sluice::aws

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::vector<char> exact(data, data + size);
  sluice::aws::check({exact.data(), exact.size()});
  return 0;
}
