// Any bytes: Scanner, the byte-by-byte checker and simdjson's DOM agree on what is JSON, and
// Scanner finds the values that the DOM finds.
//
// What simdjson refuses and RFC 8259 allows is made tame first: numbers too large for 64 bits or a
// double become 0, surrogates that are alone become "A". Depth is counted by the two in different
// ways; texts nearly as deep as the limit are only compared between Scanner and checker.
#include <simdjson.h>

#include <cstdlib>
#include <string>
#include <vector>

#include "json/scan.h"

namespace sluice::json {
namespace {

void must(bool condition) {
  if (!condition) std::abort();
}

size_t depth_of(std::string_view text) {
  size_t depth = 0, most = 0;
  for (const char c : text) {
    if (c == '{' || c == '[') most = std::max(most, ++depth);
    if ((c == '}' || c == ']') && depth > 0) --depth;
  }
  return most;
}

// Of a text that is JSON.
std::string tame(std::string_view text) {
  std::string tamed;
  bool in_string = false;
  for (size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (c == '"') in_string = !in_string;
    if (in_string && c == '\\') {
      const bool surrogate =
          text[i + 1] == 'u' && (text[i + 2] | 0x20) == 'd' && text[i + 3] >= '8';
      tamed += surrogate ? std::string("\\u0041") : std::string(text.substr(i, 2));
      i += surrogate ? 5 : 1;
    } else if (!in_string && (c == '-' || (c >= '0' && c <= '9'))) {
      while (i + 1 < text.size() &&
             std::string_view("0123456789+-.eE").find(text[i + 1]) != text.npos)
        ++i;
      tamed += '0';
    } else {
      tamed += c;
    }
  }
  return tamed;
}

// Every kind of step, in the keys that a fuzzer finds soon.
constexpr const char* pointers[] = {"/a", "/a/b", "/a/0", "/1", "/1/a", "/", "/a/b/c", "/\"", "/é"};

void compare_values(std::string_view text, const Scanner& scanner) {
  static simdjson::dom::parser parser, part_parser;
  const simdjson::padded_string padded(text);
  simdjson::dom::element document;
  if (parser.parse(padded).get(document) != simdjson::SUCCESS) return;
  for (size_t i = 0; i < std::size(pointers); ++i) {
    simdjson::dom::element wanted;
    const bool found = document.at_pointer(pointers[i]).get(wanted) == simdjson::SUCCESS;
    const auto raw = scanner.raw(i);
    must(found == raw.has_value());
    if (!found) continue;
    const simdjson::padded_string padded_raw(*raw);
    simdjson::dom::element part;
    must(part_parser.parse(padded_raw).get(part) == simdjson::SUCCESS);
    must(simdjson::minify(part) == simdjson::minify(wanted));
  }
}

void check(std::string_view text) {
  static Scanner scanner = [] {
    std::vector<Path> wanted;
    for (const char* pointer : pointers) wanted.push_back(parse_path(pointer).value());
    return Scanner(wanted);
  }();
  const bool accepted = scanner.scan(text);
  must(accepted == !find_fault(text));
  if (accepted) must(!find_fault(scanner.value()));
  if (depth_of(text) >= depth_max - 2) return;
  static simdjson::dom::parser parser;
  const bool same = parser.parse(simdjson::padded_string(text)).error() == simdjson::SUCCESS;
  if (same) must(accepted);
  if (!accepted) return;
  const simdjson::padded_string tamed(tame(text));
  must(parser.parse(tamed).error() == simdjson::SUCCESS);
  compare_values(text, scanner);
}

}  // namespace
}  // namespace sluice::json

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  // Memory of exactly this size, so that a sanitizer sees a read beyond it.
  const std::vector<char> exact(data, data + size);
  sluice::json::check({exact.data(), exact.size()});
  return 0;
}
