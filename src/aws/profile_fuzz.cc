// Any two files: parsed, or refused with a line. What was parsed, written out plainly, parses to
// the same.
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "aws/profile.h"

namespace sluice::aws {
namespace {

void must(bool condition) {
  if (!condition) std::abort();
}

void append(std::string_view word, const Profiles::Sections& sections, std::string& out) {
  for (const auto& [name, properties] : sections) {
    out.append("[").append(word).append(" \"").append(name).append("\"]\n");
    for (const auto& [property, value] : properties) {
      out.append(property).append("=");  // With a blank, a value like "#" would be a comment.
      for (const char c : value) {
        out += c;
        if (c == '\n') out += ' ';
      }
      out += '\n';
    }
  }
}

void check(std::string_view config, std::string_view credentials) {
  const auto parsed = parse_profiles(config, credentials);
  if (!parsed.ok()) {
    must(parsed.error().message.find("line ") != std::string::npos);
    return;
  }
  std::string plain;
  append("profile", parsed->profiles, plain);
  append("sso-session", parsed->sso_sessions, plain);
  append("services", parsed->services, plain);
  const auto again = parse_profiles(plain, "");
  must(again.ok());
  must(again->profiles == parsed->profiles);
  must(again->sso_sessions == parsed->sso_sessions);
  must(again->services == parsed->services);
}

}  // namespace
}  // namespace sluice::aws

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size == 0) return 0;
  const std::string_view text(reinterpret_cast<const char*>(data) + 1, size - 1);
  const size_t cut = text.size() * data[0] / 256;
  sluice::aws::check(text.substr(0, cut), text.substr(cut));
  return 0;
}
