#include "http/url.h"

#include <algorithm>
#include <charconv>

#include "base/text.h"

namespace sluice {

namespace {

// Never quotes what comes after '?', nor what stands before '@': it may be a secret.
Error wrong(std::string_view text, std::string_view why) {
  // Without what may be secret: user and password, the query.
  std::string shown(text.substr(0, text.find('?')));
  if (const size_t at = shown.rfind('@'); at != shown.npos) {
    const size_t scheme = shown.find("://");
    const size_t begin = scheme < at ? scheme + 3 : 0;
    shown.replace(begin, at - begin, "***");
  }
  return {ErrorKind::invalid, "\"" + excerpt(shown, 200) + "\": " + std::string(why)};
}

// RFC 3986, 5.2.4: "." and ".." taken out of a path.
std::string without_dots(std::string_view path) {
  std::string out;
  while (!path.empty()) {
    const size_t end = std::min(path.find('/', 1), path.size());
    const std::string_view segment = path.substr(0, end);
    path.remove_prefix(end);
    const bool last = path.empty();
    if (segment == "/." || segment == "/..") {
      if (segment == "/..") out.resize(std::min(out.size(), out.rfind('/')));
      if (last) out += '/';
    } else {
      out += segment;
    }
  }
  return out;
}

}  // namespace

size_t end_of_origin(std::string_view url) {
  const size_t scheme = url.find("://");
  if (scheme == std::string_view::npos) return 0;
  return std::min(url.find_first_of("/?#", scheme + 3), url.size());
}

std::string percent_encoded(std::string_view text) {
  constexpr std::string_view digits = "0123456789ABCDEF";
  std::string out;
  for (const char c : text) {
    const bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                       c == '-' || c == '.' || c == '_' || c == '~';
    if (plain) {
      out += c;
    } else {
      const auto byte = static_cast<unsigned char>(c);
      out += {'%', digits[byte >> 4], digits[byte & 15]};
    }
  }
  return out;
}

std::string with_query_word(std::string_view url, std::string_view name, std::string_view value) {
  url = url.substr(0, url.find('#'));
  const size_t mark = std::min(url.find('?'), url.size());
  std::string out(url.substr(0, mark));
  char separator = '?';
  const auto add = [&](std::string_view word) {
    out += separator;
    out += word;
    separator = '&';
  };
  if (mark + 1 < url.size()) {
    for (const std::string_view word : split(url.substr(mark + 1), '&')) {
      if (percent_decoded(word.substr(0, word.find('='))) != name) add(word);
    }
  }
  add(percent_encoded(name) + "=" + percent_encoded(value));
  return out;
}

std::string resolved_url(std::string_view base, std::string_view reference) {
  reference = reference.substr(0, reference.find('#'));
  const size_t scheme_end = reference.find(':');
  if (scheme_end != std::string_view::npos && scheme_end > 0 &&
      reference.substr(0, scheme_end).find_first_of("/?") == std::string_view::npos) {
    return std::string(reference);
  }
  base = base.substr(0, base.find('#'));
  const size_t origin_end = end_of_origin(base);
  if (reference.starts_with("//"))
    return std::string(base.substr(0, base.find(':') + 1)) + std::string(reference);
  const std::string origin(base.substr(0, origin_end));
  const std::string_view target = base.substr(origin_end);
  const std::string_view path = target.substr(0, target.find('?'));
  if (reference.empty()) return std::string(base);
  if (reference.starts_with('?')) return origin + std::string(path) + std::string(reference);
  const size_t query = std::min(reference.find('?'), reference.size());
  std::string joined;
  if (!reference.starts_with('/')) {
    const size_t slash = path.rfind('/');
    joined = slash == std::string_view::npos ? "/" : path.substr(0, slash + 1);
  }
  joined += reference.substr(0, query);
  return origin + without_dots(joined) + std::string(reference.substr(query));
}

bool same_origin(std::string_view a, std::string_view b) {
  const auto one = parse_url(a);
  const auto other = parse_url(b);
  return one.ok() && other.ok() && one->is_tls == other->is_tls && one->host == other->host &&
         one->port == other->port;
}

std::string percent_decoded(std::string_view text) {
  std::string out;
  for (size_t i = 0; i < text.size(); ++i) {
    unsigned byte = 0;  // Of a signed one "%-1" would be a byte.
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

std::string Url::host_and_port() const {
  return (host.find(':') == std::string::npos ? host : "[" + host + "]") + ":" +
         std::to_string(port);
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
