#include "http/url.h"

#include <charconv>

#include "base/text.h"

namespace sluice {

namespace {

// Never quotes what comes after '?': it may be a secret.
Error wrong(std::string_view text, std::string_view why) {
  return {ErrorKind::invalid, "\"" + excerpt(text.substr(0, text.find_first_of("?@")), 200) +
                                  "\": " + std::string(why)};
}

}  // namespace

std::string percent_decoded(std::string_view text) {
  std::string out;
  for (size_t i = 0; i < text.size(); ++i) {
    int byte = 0;
    if (text[i] == '%' && i + 2 < text.size() &&
        std::from_chars(text.data() + i + 1, text.data() + i + 3, byte, 16).ptr ==
            text.data() + i + 3) {
      out += static_cast<char>(byte);
      i += 2;
    } else {
      out += text[i];
    }
  }
  return out;
}

bool has_forbidden_byte(std::string_view text) {
  for (const char c : text) {
    if (static_cast<unsigned char>(c) <= ' ' || c == 0x7F) return true;
  }
  return false;
}

std::string Url::authority() const {
  std::string out = host.find(':') == std::string::npos ? host : "[" + host + "]";
  if (!is_default_port) out += ":" + std::to_string(port);
  return out;
}

Result<Url> parse_url(std::string_view text) {
  Url url;
  std::string_view rest = text;
  if (rest.starts_with("https://")) {
    url.is_tls = true;
    url.port = 443;
    rest.remove_prefix(8);
  } else if (rest.starts_with("http://")) {
    rest.remove_prefix(7);
  } else {
    return wrong(text, "a URL that begins with http:// or https:// was expected");
  }
  if (has_forbidden_byte(rest)) return wrong(text, "a blank or a control character in a URL");
  std::string_view authority = rest.substr(0, rest.find_first_of("/?#"));
  std::string_view target = rest.substr(authority.size());
  target = target.substr(0, target.find('#'));
  url.target = target.starts_with('/') ? std::string(target) : "/" + std::string(target);

  if (const size_t at = authority.rfind('@'); at != std::string_view::npos) {
    url.user_info = authority.substr(0, at);
    authority.remove_prefix(at + 1);
  }
  std::string_view port;
  if (authority.starts_with('[')) {
    const size_t end = authority.find(']');
    if (end == std::string_view::npos) return wrong(text, "\"[\" without \"]\"");
    url.host = lower_case(authority.substr(1, end - 1));
    port = authority.substr(end + 1);
    if (!port.empty() && !port.starts_with(':')) return wrong(text, "a port was expected after ]");
  } else {
    const size_t colon = authority.find(':');
    url.host = lower_case(authority.substr(0, colon));
    port = colon == std::string_view::npos ? std::string_view() : authority.substr(colon);
  }
  if (url.host.empty()) return wrong(text, "a host was expected");
  if (port.size() > 1) {
    const auto number = parse_number<uint16_t>(port.substr(1));
    if (!number || *number == 0) return wrong(text, "a port is a number from 1 to 65535");
    url.is_default_port = *number == url.port;
    url.port = *number;
  }
  return url;
}

}  // namespace sluice
